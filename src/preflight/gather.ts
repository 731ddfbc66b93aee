import { isInMaintenance } from '../app/maintenance.ts';
import { checkApp } from '../app/readiness.ts';
import { checkBackupReadiness, checkFolder } from '../backup/readiness.ts';
import type { Config } from '../config/config.ts';
import { readMigrations } from '../migrations/files.ts';
import { checksums, type HistoryRow } from '../migrations/history-row.ts';
import type { LexicalModes } from '../migrations/lexer.ts';
import { compareWithHistory, type MigrationStatus } from '../migrations/pending.ts';
import type { Migration } from '../migrations/types.ts';
import type { Server, Session } from '../mysql/connect.ts';
import type { Check } from '../run/check.ts';
import { describeHolder } from '../run/lock.ts';
import { findUnfinished, type Unfinished } from '../run/unfinished.ts';
import { readSnapshot } from '../schema/snapshot.ts';
import type { Snapshot } from '../schema/types.ts';
import { readModes } from '../statements/applied.ts';
import { readHistory } from '../statements/history.ts';
import type { Clock } from '../system/clock.ts';
import type { Exec } from '../system/exec.ts';
import { checkData } from './data.ts';
import { checkDatabase } from './database.ts';
import { checkMigrations, problemCheck } from './migrations.ts';
import { reach } from './reach.ts';

/** Everything that is known before anything is touched. */
export interface Facts {
  readonly server: Server;
  /** How the server reads quotes and backslashes. */
  readonly modes: LexicalModes;
  readonly migrations: readonly Migration[];
  readonly history: readonly HistoryRow[];
  readonly status: MigrationStatus;
  readonly snapshot: Snapshot;
  readonly unfinished: Unfinished | undefined;
  /** Who holds the lock now, as a sentence. */
  readonly lockHolder: string | undefined;
  /** Somebody has put the site in maintenance before us: then it is theirs to bring up. */
  readonly isSiteDown: boolean;
  readonly checks: readonly Check[];
}

interface Ports {
  readonly exec: Exec;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads everything a command decides by. Changes nothing, not even the tool's own tables. */
export async function gatherFacts(config: Config, ports: Ports): Promise<Facts> {
  const { server, session } = await reach(config.database);
  try {
    return await readFacts(server, session, config, ports);
  } finally {
    await session.close();
  }
}

/** What can be told without the database: so that whoever mends the connection can mend the rest as well. */
export async function checkWithoutDatabase(config: Config, ports: Ports): Promise<Check[]> {
  const { problems } = await readMigrations(config.migrations.dir);
  return [...problems.map(problemCheck), await checkFolder(config.backup.dir), ...(await checkApp(config.app, ports))];
}

async function readFacts(server: Server, session: Session, config: Config, ports: Ports): Promise<Facts> {
  const modes = await readModes(session);
  const history = await readHistory(session, { withText: true });
  const { migrations, problems } = await readMigrations(config.migrations.dir, { modes, applied: checksums(history) });
  const status = compareWithHistory(migrations, history);
  const snapshot = await readSnapshot(session, server.target.database);
  const unfinished = await findUnfinished(config.stateDir, session, history);
  const lockHolder = await describeHolder(session);
  // At once: programs that are asked for their version start while the server answers.
  const [isSiteDown, database, data, backup, app] = await Promise.all([
    config.app.dir !== undefined && isInMaintenance(config.app, ports),
    checkDatabase(server, session, snapshot, config, ports.clock),
    checkData(session, status.pending),
    checkBackupReadiness({ config, server, session, exec: ports.exec, env: ports.env }),
    checkApp(config.app, ports),
  ]);
  const checks = [...database, ...checkMigrations(status, problems, snapshot, config), ...data, ...backup, ...app];
  return { server, modes, migrations, history, status, snapshot, unfinished, lockHolder, isSiteDown, checks };
}
