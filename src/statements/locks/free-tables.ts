import type { Context } from '../../context.ts';
import { failedUnchanged, messageOf } from '../../errors.ts';
import type { Session } from '../../mysql/connect.ts';
import type { LockedTable } from '../../plan/step.ts';
import { type Blocker, describeBlocker, describeThreads, findOpenTransactions } from '../blockers.ts';
import { boundLockWaits, type Patience } from '../patience.ts';
import { type Held, type Looker, openLooker } from './holders.ts';

export interface Wanted {
  /** Id of the step, for its progress. */
  readonly id: string;
  readonly withinMs: number;
  readonly patience: Patience;
  /** The command to type once they are free. */
  readonly again: string;
}

/** INNODB_TRX is a copy that is renewed only when nobody has read it for 100 ms. */
const PAUSE_MS = 120;
const PROGRESS_EVERY_MS = 1_000;
/** Most end before that: they are no news. */
const NAMED_AFTER_MS = 300;
const MOST_NAMED = 5;

/**
 * Resolves when every transaction that was open at the first look, and holds one of the tables, has ended; those that begin
 * meanwhile count only once they are as old as a statement waits: on a busy site there is always one. Throws after `withinMs`,
 * with their names. Where the server does not let the account ask, that is told: the statements have patience of their own.
 */
export async function waitUntilFree(tables: readonly LockedTable[], wanted: Wanted, context: Context): Promise<string> {
  if (tables.length === 0) return 'no table is locked';
  const { clock, server } = context;
  const [session, observer] = await Promise.all([server.open(), server.open()]);
  const startedMs = clock.ticksMs();
  try {
    await boundLockWaits(session, { lockWaitSeconds: 1, lockRetries: 0 });
    const looker = await openLooker(session, observer, server);
    const watch = new Watch(tables, looker, observer, [session.connectionId, observer.connectionId], wanted, context);
    for (let waitedMs = 0; ; waitedMs = Math.round(clock.ticksMs() - startedMs)) {
      const held = await watch.look(waitedMs);
      if (held.length === 0) return describeFree(tables.length, waitedMs);
      if (waitedMs >= wanted.withinMs) throw await notFree(held, waitedMs, watch, wanted);
      await clock.sleep(PAUSE_MS, context.signal);
    }
  } catch (error) {
    if ((error as { errno?: number }).errno === undefined) throw error;
    const text = `cannot ask whether the tables are free: ${messageOf(error)}; the statements wait for them themselves`;
    context.report({ type: 'note', level: 'warning', text });
    return 'could not be asked';
  } finally {
    await Promise.all([session.close(), observer.close()]);
  }
}

function describeFree(count: number, waitedMs: number): string {
  const what = `${count} ${count === 1 ? 'table' : 'tables'} free`;
  return waitedMs === 0 ? what : `${what} after ${waitedMs} ms`;
}

/** What has been seen so far. */
class Watch {
  readonly #looker: Looker;
  readonly #observer: Session;
  readonly #own: readonly number[];
  readonly #wanted: Wanted;
  readonly #context: Context;
  #tables: readonly LockedTable[];
  /** When a holder was seen first, in ms since the first look. */
  readonly #since = new Map<string, number>();
  readonly #named = new Set<number>();
  #toldMs = 0;
  #inLineMs = 0;

  constructor(
    tables: readonly LockedTable[],
    looker: Looker,
    observer: Session,
    own: readonly number[],
    wanted: Wanted,
    context: Context,
  ) {
    this.#tables = tables;
    this.#looker = looker;
    this.#observer = observer;
    this.#own = own;
    this.#wanted = wanted;
    this.#context = context;
  }

  /** Who is in the way now. */
  async look(atMs: number): Promise<Held[]> {
    const held = await this.#looker.look(this.#tables);
    for (const { by } of held) if (!this.#since.has(by)) this.#since.set(by, atMs);
    const graceMs = this.#wanted.patience.lockWaitSeconds * 1_000;
    const inTheWay = held.filter(({ by }) => {
      const sinceMs = this.#since.get(by) ?? atMs;
      return sinceMs === 0 || atMs - sinceMs >= graceMs;
    });
    // Who probes learns of a table alone: once it was free it has been seen to be.
    if (held.every(({ thread }) => thread === undefined)) this.#keep(held);
    if (inTheWay.length > 0 && atMs >= NAMED_AFTER_MS) await this.#tell(inTheWay, atMs);
    return (await this.#isInLine(held, atMs, graceMs)) ? this.#standInLine(held) : inTheWay;
  }

  async blockers(held: readonly Held[]): Promise<Blocker[]> {
    const threads = [...new Set(held.flatMap(({ thread }) => (thread === undefined ? [] : [thread])))];
    if (threads.length > 0) return describeThreads(this.#observer, threads.slice(0, MOST_NAMED));
    return findOpenTransactions(this.#observer, this.#own);
  }

  #keep(held: readonly Held[]): void {
    this.#tables = this.#tables.filter(({ table }) => held.some((one) => one.table === table));
  }

  /** By probes alone it cannot be told who holds them all the while, when no transaction is known that is as old as the wait. */
  async #isInLine(held: readonly Held[], atMs: number, graceMs: number): Promise<boolean> {
    const isProbed = held.length > 0 && held[0]?.thread === undefined;
    if (!isProbed || atMs - this.#inLineMs < graceMs) return false;
    this.#inLineMs = atMs;
    return !(await this.blockers(held)).some((blocker) => isAsOld(blocker, atMs));
  }

  async #standInLine(held: readonly Held[]): Promise<Held[]> {
    const left: Held[] = [];
    for (const one of held) {
      const table = this.#tables.find((other) => other.table === one.table);
      if (table && !(await this.#looker.standInLine(table))) left.push(one);
    }
    this.#keep(left);
    return left;
  }

  async #tell(held: readonly Held[], atMs: number): Promise<void> {
    const { report } = this.#context;
    const names = [...new Set(held.map(({ table }) => table))].sort().join(', ');
    for (const blocker of await this.blockers(held)) {
      if (this.#named.has(blocker.thread) || !isAsOld(blocker, atMs)) continue;
      this.#named.add(blocker.thread);
      const text = `${names}: not free yet, waiting while the site is up; in the way: ${describeBlocker(blocker)}`;
      report({ type: 'note', level: 'warning', text });
    }
    if (atMs - this.#toldMs < PROGRESS_EVERY_MS) return;
    this.#toldMs = atMs;
    const { id, withinMs } = this.#wanted;
    report({ type: 'progress', id, done: atMs, total: withinMs, unit: 'ms', perSecond: undefined, etaMs: undefined });
  }
}

/** Ages are whole seconds. */
function isAsOld({ ageSeconds }: Blocker, waitedMs: number): boolean {
  return (ageSeconds + 1) * 1_000 > waitedMs;
}

async function notFree(held: readonly Held[], waitedMs: number, watch: Watch, { again }: Wanted): Promise<Error> {
  const names = [...new Set(held.map(({ table }) => table))].sort().join(', ');
  const who = (await watch.blockers(held)).map(describeBlocker);
  const whom = who.length > 0 ? `; in the way: ${who.join('; ')}` : '';
  return failedUnchanged(
    `${names}: not free of old transactions after ${waitedMs} ms${whom}`,
    `end the transactions named above (KILL <thread>), then: gateway-migrate ${again}`,
  );
}
