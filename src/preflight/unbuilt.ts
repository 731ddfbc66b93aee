import type { Config } from '../config/config.ts';
import { type Check, warns } from '../run/check.ts';

const GROUP = 'configuration';

/** PURE: what the configuration asks for and no command does yet. Whoever relies on it must hear so. */
export function checkUnbuilt({ notify, monitor }: Pick<Config, 'notify' | 'monitor'>): Check[] {
  return [
    ...(notify.length > 0
      ? [warns({ group: GROUP, name: 'notify', detail: 'nobody is told: this version sends no messages yet' })]
      : []),
    ...(monitor.logs.length > 0
      ? [warns({ group: GROUP, name: 'monitor.logs', detail: 'nobody follows them: this version has no monitor yet' })]
      : []),
  ];
}
