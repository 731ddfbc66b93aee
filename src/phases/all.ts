import type { Config } from '../config/config.ts';
import type { Migration } from '../migrations/types.ts';
import type { Expected } from '../statements/expectation.ts';
import { backupPhase } from './backup.ts';
import { cachesPhase } from './caches.ts';
import { compareTablesPhase } from './compare-tables.ts';
import { discardPhase } from './discard.ts';
import { healthPhase } from './health.ts';
import { loadPhase } from './load.ts';
import { loadBesidePhase } from './load-beside.ts';
import { loadTablesPhase } from './load-tables.ts';
import { loadTablesBesidePhase } from './load-tables-beside.ts';
import { maintenancePhase } from './maintenance.ts';
import { migratePhase } from './migrate.ts';
import type { Phases } from './phase.ts';
import { type ProveParts, provePhase } from './prove.ts';
import { replayPhase } from './replay.ts';
import { savePhase } from './save.ts';
import { savedBesidePhase } from './saved-beside.ts';
import { savedRowsPhase } from './saved-rows.ts';
import { savedTidyPhase } from './saved-tidy.ts';
import { servicesPhase } from './services.ts';
import { swapPhase } from './swap.ts';
import { swapBackPhase } from './swap-back.ts';
import { swapTablesPhase } from './swap-tables.ts';
import { undoPhase } from './undo.ts';
import { type VerifyScope, verifyPhase } from './verify.ts';

export interface PhaseParts extends ProveParts {
  readonly run: string;
  readonly config: Config;
  readonly migrations: readonly Migration[];
  readonly rehearsed: readonly Expected[];
  readonly verifyScope: VerifyScope;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Every phase, given what it needs of the configuration. */
export function allPhases(parts: PhaseParts): Phases {
  const { config } = parts;
  return {
    backup: backupPhase(parts),
    prove: provePhase(parts),
    maintenance: maintenancePhase(config.app),
    services: servicesPhase(config.app),
    caches: cachesPhase(config.app),
    migrate: migratePhase(parts),
    undo: undoPhase(parts),
    save: savePhase(parts),
    'saved-beside': savedBesidePhase(parts),
    'saved-rows': savedRowsPhase(parts),
    'saved-tidy': savedTidyPhase(parts),
    load: loadPhase(parts),
    'load-beside': loadBesidePhase(parts),
    replay: replayPhase(parts),
    'load-tables': loadTablesPhase(parts),
    'load-tables-beside': loadTablesBesidePhase(parts),
    'compare-tables': compareTablesPhase(parts),
    'swap-tables': swapTablesPhase(parts),
    swap: swapPhase(parts),
    'swap-back': swapBackPhase(parts),
    discard: discardPhase(),
    verify: verifyPhase(config.verify, parts.verifyScope),
    health: healthPhase(config.app),
  };
}
