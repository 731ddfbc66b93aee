import type { Config } from '../config/config.ts';
import type { Migration } from '../migrations/types.ts';
import { backupPhase } from './backup.ts';
import { cachesPhase } from './caches.ts';
import { healthPhase } from './health.ts';
import { loadPhase } from './load.ts';
import { maintenancePhase } from './maintenance.ts';
import { migratePhase } from './migrate.ts';
import type { Phases } from './phase.ts';
import { savePhase } from './save.ts';
import { servicesPhase } from './services.ts';
import { undoPhase } from './undo.ts';
import { type VerifyScope, verifyPhase } from './verify.ts';

export interface PhaseParts {
  readonly run: string;
  readonly config: Config;
  readonly migrations: readonly Migration[];
  readonly verifyScope: VerifyScope;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Every phase, given what it needs of the configuration. */
export function allPhases(parts: PhaseParts): Phases {
  const { config } = parts;
  return {
    backup: backupPhase(parts),
    maintenance: maintenancePhase(config.app),
    services: servicesPhase(config.app),
    caches: cachesPhase(config.app),
    migrate: migratePhase(parts),
    undo: undoPhase(parts),
    save: savePhase(parts),
    load: loadPhase(parts),
    verify: verifyPhase(config.verify, parts.verifyScope),
    health: healthPhase(config.app),
  };
}
