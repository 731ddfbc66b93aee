import type { Config } from '../../config/config.ts';
import type { Migration } from '../../migrations/types.ts';
import { suffixed } from '../../mysql/name.ts';
import type { Progress } from '../../run/journal.ts';
import type { Expected } from '../../statements/recovery/expectation.ts';

/** What a phase is given that runs the statements of migrations, forward or back. */
export interface StatementParts {
  /** The run that does so: a deploy, also on its own way back, or a rollback. */
  readonly run: string;
  readonly config: Config;
  readonly migrations: readonly Migration[];
  /** What this server did with them in a rehearsal. */
  readonly rehearsed: readonly Expected[];
  /** A statement of the way back that the server has refused is passed over. */
  readonly skipsRefused?: boolean;
  /** What an earlier process had done of the run. */
  readonly progress?: Progress | undefined;
}

/** The database of the rehearsal on production's own server: one that the account may make and drop. */
export function scratchOf({ rehearsal, database }: Config): string {
  const isThere =
    rehearsal !== 'private' &&
    rehearsal.socket === database.socket &&
    rehearsal.host === database.host &&
    rehearsal.port === database.port;
  return isThere ? rehearsal.database : suffixed(database.database, '_rehearsal');
}
