import type { LogRange } from '../../../binlog/range.ts';
import { placeOf, type Transaction } from '../../../binlog/transaction.ts';
import { dropBeside, dropUnmarked, listBeside } from '../../../exchange/side-database.ts';
import { type OnConflict, type Settled, settle } from '../../../flashback/carry-out.ts';
import { BOUNDS, prepareUndo } from '../../../flashback/prepare.ts';
import type { Copied } from '../../../flashback/unlogged/copied.ts';
import type { Session } from '../../../mysql/connect.ts';
import { describeUndo } from '../../../phases/restore/flashback.ts';
import type { HeldLock } from '../../../run/lock.ts';
import { readSnapshot } from '../../../schema/snapshot.ts';
import { boundLockWaits, type Patience, type Waiting, withPatience } from '../../../statements/patience.ts';
import { contextOf } from '../../shared/carry-out.ts';
import type { Invocation } from '../../shared/invocation.ts';

/** What an undo would do to production as it is now. */
export interface Outlook {
  readonly undone: readonly Transaction[];
  /** With `skip`: those of which a row was changed since. */
  readonly skipped: readonly Transaction[];
  readonly told: readonly string[];
  readonly conflicts: Settled['conflicts'];
  /** Nothing can be undone under the rule. */
  readonly isInTheWay: boolean;
  /** What the undo itself does about a row that is changed until then. */
  readonly rule: 'stop' | 'theirs';
  /** Of the tables, as they are defined. */
  readonly digests: Readonly<Record<string, string>>;
}

export interface Asked {
  readonly range: LogRange;
  readonly transactions: readonly Transaction[];
  readonly side: string;
  readonly rule: OnConflict;
  readonly run: string;
  readonly patience: Patience;
  /** What a copy of the moment before has shown; undefined: there is none. */
  readonly copied?: Copied | undefined;
  /** What to type once nobody is in the way. */
  readonly again: string;
}

/** Lays it all beside production and compares, without a lock on production's rows; what was made beside is dropped again. */
export async function tryUndo(asked: Asked, { server, fence }: HeldLock, invocation: Invocation): Promise<Outlook> {
  const session = await server.open();
  const observer = await server.open();
  try {
    await boundLockWaits(session, asked.patience);
    for (const sql of fence()) await session.query(sql);
    await dropLeft(session, server.target.database, invocation);
    const { patience, again } = asked;
    const context = contextOf(server, invocation);
    const waiting = { session, observer, patience, context, again, isInGroup: false, canRepeat: true };
    return await tryRule(asked, waiting, server, invocation);
  } finally {
    await dropBeside(session, asked.side).catch(() => undefined);
    await Promise.all([session.close(), observer.close()]);
  }
}

async function tryRule(asked: Asked, waiting: Waiting, server: HeldLock['server'], invocation: Invocation) {
  const { session } = waiting;
  const snapshot = await readSnapshot(session, server.target.database);
  const { range, side, rule, run, copied } = asked;
  const shared = { range, side, run, copied, bounds: BOUNDS, flavor: server.flavor, signal: invocation.signal };
  const conflicts: Settled['conflicts'][number][] = [];
  for (let undone = asked.transactions; ; ) {
    const { undo, settled } = await withPatience(async () => {
      const prepared = await prepareUndo({ ...shared, transactions: undone }, snapshot, session);
      return { ...prepared, settled: await inTransaction(session, () => settle(prepared.undo, rule, session)) };
    }, waiting);
    conflicts.push(...settled.conflicts);
    const met = new Set(settled.conflicts.flatMap(({ by }) => by));
    const rest = undone.filter((one) => !met.has(placeOf(one)));
    if (rule !== 'skip' || settled.conflicts.length === 0 || rest.length === 0) {
      const digests = undo.tables.map(({ table: { table } }) => [
        table,
        snapshot.objects.get(`table:${table}`)?.digest,
      ]);
      return {
        ...{ undone, conflicts, told: describeUndo(undo, settled) },
        skipped: asked.transactions.filter((one) => !undone.includes(one)),
        isInTheWay: rule !== 'theirs' && settled.conflicts.length > 0,
        rule: rule === 'theirs' ? ('theirs' as const) : ('stop' as const),
        digests: Object.fromEntries(digests) as Record<string, string>,
      };
    }
    undone = rest;
  }
}

/** What is taken out of the undo for a look is put back into it. */
async function inTransaction<T>(session: Session, body: () => Promise<T>): Promise<T> {
  await session.execute('START TRANSACTION');
  try {
    return await body();
  } finally {
    await session.execute('ROLLBACK').catch(() => undefined);
  }
}

/** Under the lock no other restore is going on: what one has left beside is of no use to anybody. */
async function dropLeft(session: Session, database: string, { hub }: Invocation): Promise<void> {
  for (const { name, role, run } of await listBeside(session, database)) {
    if (role !== 'restore') continue;
    await dropBeside(session, name);
    hub.report({ type: 'note', level: 'info', text: `dropped ${name}, left by run ${run}` });
  }
  await dropUnmarked(session, database);
}
