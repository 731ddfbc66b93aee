import type { Config } from '../config/config.ts';
import { type Emptied, findEmptied } from '../exchange/emptied.ts';
import type { HistoryRow } from '../migrations/history-row.ts';
import { compareWithHistory, type MigrationStatus } from '../migrations/pending.ts';
import type { Problem } from '../migrations/source-files.ts';
import type { LexicalModes } from '../migrations/sql/lexer.ts';
import type { Migration } from '../migrations/types.ts';
import type { Server, Session } from '../mysql/connect.ts';
import type { Check } from '../run/check.ts';
import { describeHolder } from '../run/lock.ts';
import { findUnfinished, type Unfinished } from '../run/unfinished.ts';
import { readModes } from '../statements/applied.ts';
import { checkConnection, checkEmptied } from './database.ts';
import { findClaims } from './foreign/claims.ts';
import type { ForeignClaims, ForeignHistory } from './foreign/history.ts';
import { readForeign } from './foreign/read.ts';
import { checkMigrations } from './migrations.ts';
import { readKnownHistory, readSources } from './sources.ts';

/** How files and database stand to each other: all that is needed to finish a run, to undo one, or to do nothing. */
export interface Standing {
  readonly server: Server;
  /** How the server reads quotes and backslashes. */
  readonly modes: LexicalModes;
  readonly migrations: readonly Migration[];
  /** What is wrong with the files. */
  readonly problems: readonly Problem[];
  /** What is passed by of them, or means less than its author may think. */
  readonly notes: readonly Problem[];
  readonly history: readonly HistoryRow[];
  readonly status: MigrationStatus;
  /** Histories of other tools; not looked for where everything is in our own. */
  readonly foreign: readonly ForeignHistory[];
  /** What they say of pending migrations. */
  readonly claims: readonly ForeignClaims[];
  readonly unfinished: Unfinished | undefined;
  /** Who holds the lock now, as a sentence. */
  readonly lockHolder: string | undefined;
  /** By a restore that is not the unfinished run: another machine's, or one whose state folder is lost. */
  readonly emptied: Emptied | undefined;
}

/** Reads a handful of rows and the files; changes nothing, not even the tool's own tables. */
export async function readStanding(server: Server, session: Session, config: Config): Promise<Standing> {
  const modes = await readModes(session);
  const history = await readKnownHistory(session, config, { withText: true });
  const { migrations, problems, notes } = await readSources(config, { history, modes });
  const status = compareWithHistory(migrations, history);
  const foreign = await readForeign(session, status);
  const unfinished = await findUnfinished(config.stateDir, session, history);
  return {
    ...{ server, modes, migrations, problems, notes, history, status, foreign },
    claims: findClaims(foreign, status.pending),
    unfinished,
    emptied: await findEmptied(session, server.target.database, unfinished?.run),
    lockHolder: await describeHolder(session),
  };
}

/** What can be said by that alone. PURE. */
export function checkStanding({ server, status, problems, emptied }: Standing, config: Config): Check[] {
  return [
    ...checkConnection(server, config.database.database),
    ...checkEmptied(emptied),
    ...checkMigrations(status, problems, undefined, config),
  ];
}
