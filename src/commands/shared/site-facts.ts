import type { Config } from '../../config/config.ts';

/** What of the application takes part in a plan. A site that was down before stays down: it is not ours to bring up. */
export function siteFacts(config: Config, wantsMaintenance: boolean, isSiteDown = false) {
  const { app } = config;
  const hasApp = app.dir !== undefined;
  return {
    withMaintenance: hasApp && wantsMaintenance && !isSiteDown && app.maintenance !== 'none',
    withCaches: hasApp && app.caches !== 'none' && app.caches.length > 0,
    healthyStatus: isSiteDown ? undefined : app.health?.expect,
  };
}
