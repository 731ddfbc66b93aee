import type { Config } from '../../config/config.ts';
import type { Migration } from '../../migrations/types.ts';
import type { Expected } from '../../statements/recovery/expectation.ts';

/** What a phase is given that runs the statements of migrations, forward or back. */
export interface StatementParts {
  /** The run that does so: a deploy, also on its own way back, or a rollback. */
  readonly run: string;
  readonly config: Config;
  readonly migrations: readonly Migration[];
  /** What this server did with them in a rehearsal. */
  readonly rehearsed: readonly Expected[];
}
