import type { Config } from '../config/config.ts';
import type { Migration } from '../migrations/types.ts';
import type { Progress } from '../run/journal.ts';
import type { Expected } from '../statements/recovery/expectation.ts';
import { backupPhase } from './backup/backup.ts';
import { type ProveParts, provePhase } from './backup/prove.ts';
import { savePhase } from './backup/save.ts';
import { locksPhase } from './migrate/locks.ts';
import { migratePhase } from './migrate/migrate.ts';
import { undoPhase } from './migrate/undo.ts';
import { type VerifyScope, verifyPhase } from './migrate/verify.ts';
import type { Phases } from './phase.ts';
import { discardPhase } from './restore/discard.ts';
import { flashbackPhase } from './restore/flashback.ts';
import { loadPhase } from './restore/load-in-place.ts';
import { loadBesidePhase } from './restore/load-side-database.ts';
import { replayPhase } from './restore/replay.ts';
import { replayTailPhase } from './restore/replay-tail.ts';
import { swapPhase } from './restore/swap.ts';
import { swapBackPhase } from './restore/swap-back.ts';
import { compareTablesPhase } from './restore-tables/compare.ts';
import { loadTablesPhase } from './restore-tables/load-in-place.ts';
import { loadTablesBesidePhase } from './restore-tables/load-side-database.ts';
import { swapTablesPhase } from './restore-tables/swap.ts';
import { savedBesidePhase } from './saved-rows/load.ts';
import { openTablesPhase } from './saved-rows/open.ts';
import { savedRowsPhase } from './saved-rows/return.ts';
import { savedTidyPhase } from './saved-rows/tidy.ts';
import { cachesPhase } from './site/caches.ts';
import { healthPhase } from './site/health.ts';
import { maintenancePhase } from './site/maintenance.ts';
import { servicesPhase } from './site/services.ts';
import { workersPhase } from './site/workers.ts';

export interface PhaseParts extends ProveParts {
  readonly run: string;
  readonly config: Config;
  readonly migrations: readonly Migration[];
  readonly rehearsed: readonly Expected[];
  readonly verifyScope: VerifyScope;
  readonly skipsRefused?: boolean;
  readonly progress?: Progress | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Every phase, given what it needs of the configuration. */
export function allPhases(parts: PhaseParts): Phases {
  const { config } = parts;
  return {
    backup: backupPhase(parts),
    prove: provePhase(parts),
    maintenance: maintenancePhase(config.app),
    workers: workersPhase(config.app),
    services: servicesPhase(config.app),
    caches: cachesPhase(config.app),
    locks: locksPhase(parts),
    migrate: migratePhase(parts),
    undo: undoPhase(parts),
    save: savePhase(parts),
    'saved-beside': savedBesidePhase(parts),
    'saved-rows': savedRowsPhase(parts),
    'saved-tidy': savedTidyPhase(parts),
    'open-tables': openTablesPhase(parts),
    load: loadPhase(parts),
    'load-beside': loadBesidePhase(parts),
    replay: replayPhase(parts),
    'replay-tail': replayTailPhase(parts),
    flashback: flashbackPhase(parts),
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
