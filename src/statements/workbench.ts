import type { Context } from '../context.ts';
import type { Server, Session } from '../mysql/connect.ts';
import { readSnapshot } from '../schema/snapshot.ts';
import type { Snapshot } from '../schema/types.ts';
import { type EvidenceReader, evidenceReader } from './evidence-reader.ts';
import { commitTogether } from './journal.ts';
import { boundLockWaits, type Patience } from './patience.ts';

/** The two connections of a phase that runs statements: the user's text on one, the journal on the other. */
export interface Workbench {
  readonly run: string;
  /** The journal's connection: fixed sql_mode, several statements in a packet. */
  readonly journal: Session;
  /** The connection on which the migration's own text runs. Replaced when a migration has changed its settings. */
  work: Session;
  readonly evidence: EvidenceReader;
  readonly patience: Patience;
  /** Writes that commit together with the next intent. */
  readonly deferred: string[];
}

/** Name of the lock that the working connection holds: it tells after a crash whether that connection still lives. */
export function workLockName(run: string): string {
  return `gateway_migrate.work.${run}`.slice(0, 64);
}

/** Opens the two connections, reads production's schema, and closes both at the end. */
export async function withWorkbench<T>(
  run: string,
  patience: Patience,
  context: Context,
  body: (bench: Workbench, before: Snapshot) => Promise<T>,
): Promise<T> {
  const journal = await context.server.open({ multipleStatements: true });
  try {
    const before = await readSnapshot(journal, context.server.target.database);
    const work = await openWork(context.server, run, patience);
    const bench: Workbench = { run, journal, work, patience, evidence: evidenceReader(journal, before), deferred: [] };
    try {
      return await body(bench, before);
    } finally {
      await bench.work.close();
    }
  } finally {
    await journal.close();
  }
}

/** A fresh working connection: what one migration SET must not leak into the next. */
export async function renewWork(bench: Workbench, server: Server): Promise<void> {
  await bench.work.close();
  bench.work = await openWork(server, bench.run, bench.patience);
}

async function openWork(server: Server, run: string, patience: Patience): Promise<Session> {
  const session = await server.open({ purpose: 'migration' });
  await session.execute(`SELECT GET_LOCK('${workLockName(run)}', 0)`);
  await boundLockWaits(session, patience);
  return session;
}

/** Commits what waits for the next intent. */
export async function commitDeferred(bench: Workbench, writes: readonly string[] = []): Promise<void> {
  await commitTogether(bench.journal, [...bench.deferred, ...writes]);
  bench.deferred.length = 0;
}
