import type { Context } from '../context.ts';
import type { Server, Session } from '../mysql/connect.ts';
import { readSnapshot } from '../schema/snapshot.ts';
import type { Snapshot } from '../schema/types.ts';
import { commitTogether } from './journal.ts';
import { boundLockWaits, type Patience } from './patience.ts';
import { connectionLocks, waitForDeadClient } from './recovery/dead-client.ts';
import { type EvidenceReader, evidenceReader } from './recovery/evidence-reader.ts';
import type { Ahead } from './turn.ts';
import type { Write } from './write.ts';

const LOCK_WAIT_SECONDS = 20;

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
  readonly deferred: Write[];
  /** Intents that are durable before their turn, in the order of their turns. */
  readonly ahead: Ahead[];
}

interface Bench {
  readonly run: string;
  /** Runs of which nothing may be left on the server: only then nothing moves any more. */
  readonly after: readonly string[];
  readonly patience: Patience;
  /** What rows and settings were before each statement is noted: a way back is held against it. */
  readonly notesRows?: boolean;
}

/** Opens the two connections, reads production's schema, and closes both at the end. */
export async function withWorkbench<T>(
  { run, after, patience, notesRows = false }: Bench,
  context: Context,
  body: (bench: Workbench, before: Snapshot) => Promise<T>,
): Promise<T> {
  const journal = await context.server.open({ multipleStatements: true });
  try {
    for (const one of new Set(after)) await waitForDeadClient(journal, one, context);
    await takeConnectionLock(journal, connectionLocks(run).journal);
    const before = await readSnapshot(journal, context.server.target.database);
    const work = await openWork(context.server, run, patience);
    const bench: Workbench = {
      run,
      journal,
      work,
      patience,
      evidence: evidenceReader(journal, before, { notesRows }),
      deferred: [],
      ahead: [],
    };
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

/** A connection for the migration's own text. `lane`: 0 is the one that every run has, 1 to 3 stand beside it. */
export async function openWork(server: Server, run: string, patience: Patience, lane = 0): Promise<Session> {
  const session = await server.open({ purpose: 'migration' });
  try {
    await takeConnectionLock(session, connectionLocks(run).work[lane] ?? '');
    await boundLockWaits(session, patience);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** A connection that was closed just now gives its lock back a moment later. */
async function takeConnectionLock(session: Session, name: string): Promise<void> {
  const [row] = await session.query<{ got: number | string | null }>(
    `SELECT GET_LOCK('${name}', ${LOCK_WAIT_SECONDS}) AS got`,
  );
  if (Number(row?.got) !== 1) throw new Error(`an older connection of this run still holds ${name}`);
}

/** What was called may have given up all locks of its connection; by this one a later run knows whether it still lives. */
export async function keepConnectionLock({ run, work }: Workbench): Promise<void> {
  const name = connectionLocks(run).work[0] ?? '';
  await work.query(
    `SELECT IF(IS_USED_LOCK('${name}') = CONNECTION_ID(), 1, GET_LOCK('${name}', ${LOCK_WAIT_SECONDS})) AS got`,
  );
}

/** Commits what waits for the next intent. What is deferred while it commits waits for the next time. */
export async function commitDeferred(bench: Workbench, writes: readonly Write[] = []): Promise<void> {
  const waiting = bench.deferred.splice(0);
  try {
    await commitTogether(bench.journal, [...waiting, ...writes]);
  } catch (error) {
    bench.deferred.unshift(...waiting);
    throw error;
  }
}
