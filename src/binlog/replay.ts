import { createProgress } from '../backup/progress.ts';
import type { Context } from '../context.ts';
import { messageOf } from '../errors.ts';
import type { Session } from '../mysql/connect.ts';
import type { Flavor } from '../mysql/flavor.ts';
import { quoteName } from '../mysql/quote.ts';
import { makeDefinerOf } from '../private-server/definers.ts';
import { JOURNAL_TABLE } from '../schema/types.ts';
import { binlogSql, FULL_BYTES, RowBatch } from './batch.ts';
import { readText, UNREADABLE } from './concern.ts';
import { EventType, FRAME } from './events/event.ts';
import { parseQuery, type QueryEvent } from './events/query-event.ts';
import { isRowsEvent } from './events/row-event.ts';
import { readUnloggedParents } from './judgement/cascades.ts';
import { type DecodedText, isAsServerReads } from './judgement/client-text.ts';
import { CascadeWatch } from './judgement/unlogged.ts';
import { isLeftOut } from './left-out/conflicts.ts';
import type { LeftOutWatch } from './left-out/watch.ts';
import { isOwn, type OwnThreads } from './own-threads.ts';
import { formatPosition, type LogRange, type RangeEvent, rangeBytes, readRange } from './range.ts';
import { type Collations, type Held, keepTextOut, readCollations, readHeld, sessionSql } from './session.ts';
import { judgeStatement, modesOf } from './statement.ts';
import { requireStrict } from './strict.ts';
import { means, type NamedDatabase, type UnloggedParent } from './subject.ts';
import { BEGINNINGS, DISTRIBUTED, isBracket } from './transaction.ts';

export interface ReplayRequest {
  readonly range: LogRange;
  /** The database that the log is about. */
  readonly from: NamedDatabase;
  /** The database that it is repeated in: of the same name on a private server, of another beside production. */
  readonly into: string;
  /** Nothing of worth but this database is on the server. */
  readonly isPrivate: boolean;
  readonly stepId: string;
  /** What is not repeated, and stops the repetition where something later stands on it. */
  readonly leftOut?: LeftOutWatch | undefined;
  /** Connections of the run itself: what they have stated is not repeated. */
  readonly ownThreads?: OwnThreads | undefined;
  /** Default: those that the keys of `into` lead to. */
  readonly unloggedParents?: readonly UnloggedParent[] | undefined;
}

/** So much is repeated in one transaction: commits of their own, each written to disk, would take most of the time. */
const COMMIT_BYTES = 16 * 1024 * 1024;
/**
 * Repeats what the binary log has of one database in another. Rows go in as BINLOG statements, whose tables are renamed;
 * a statement's text goes in only after it has been judged, once more, here. Resolves with whether there was anything to repeat.
 * Throws an error that names the event.
 */
export async function replayLog(request: ReplayRequest, session: Session, context: Context): Promise<boolean> {
  const { flavor } = context.server;
  const { kind } = flavor;
  await requireStrict(session, flavor);
  const fullBytes = (await keepTextOut(session, kind)) ? FULL_BYTES : 0;
  const { ignoresCase } = request.from;
  const unloggedParents =
    request.unloggedParents ?? (await readUnloggedParents(session, flavor, { database: request.into, ignoresCase }));
  const watch = new CascadeWatch({ unloggedParents, ignoresCase });
  const replay = new Replay(request, session, {
    kind,
    fullBytes,
    collations: await readCollations(session, flavor),
    held: await readHeld(session, flavor),
    watch,
  });
  const total = rangeBytes(request.range);
  const progress = createProgress(context, { id: request.stepId, unit: 'bytes', total });
  let done = 0;
  for await (const event of readRange(request.range)) {
    context.signal.throwIfAborted();
    try {
      const isToRepeat = !isOwn(event, request.ownThreads) && !isLeftOut(event, request.leftOut);
      if (isToRepeat) await replay.take(event);
    } catch (error) {
      const place = formatPosition({ file: event.file, position: event.start });
      throw new Error(`repeating the binary log up to ${place} failed: ${messageOf(error)}`, { cause: error });
    }
    done += event.bytes.length;
    progress.advanceTo(Math.min(done, total));
  }
  await replay.finish();
  progress.finish();
  return replay.hasRepeated;
}

/** What the server and the account make of it. */
interface Manner {
  readonly kind: Flavor['kind'];
  /** Size of a BINLOG statement; 0: one for each event. */
  readonly fullBytes: number;
  readonly collations: Collations;
  readonly held: Held;
  readonly watch: CascadeWatch;
}

class Replay {
  readonly #request: ReplayRequest;
  readonly #session: Session;
  readonly #kind: Flavor['kind'];
  readonly #collations: Collations;
  readonly #held: Held;
  readonly #batch: RowBatch;
  readonly #watch: CascadeWatch;
  #isInTransaction = false;
  #uncommittedBytes = 0;
  /** Rows of the database came since the last transaction began. */
  #hasRows = false;
  #isDistributed = false;
  #hasRepeated = false;

  constructor(request: ReplayRequest, session: Session, { kind, fullBytes, collations, held, watch }: Manner) {
    this.#request = request;
    this.#kind = kind;
    this.#session = session;
    this.#collations = collations;
    this.#held = held;
    this.#watch = watch;
    const { from, into } = request;
    this.#batch = new RowBatch({ from, ignored: [JOURNAL_TABLE], into }, fullBytes);
  }

  get hasRepeated(): boolean {
    return this.#hasRepeated;
  }

  async take(event: RangeEvent): Promise<void> {
    const { type } = event;
    if (BEGINNINGS.has(type)) this.#hasRows = this.#isDistributed = false;
    if (type === EventType.formatDescription) await this.#describe(event);
    else if (type === EventType.query) await this.#takeQuery(parseQuery(event), event);
    else if (type === EventType.tableMap || isRowsEvent(type)) await this.#takeRows(event);
    else if (type === EventType.xid) await this.#endOfTransaction();
    else if (!FRAME.has(type)) throw new Error(`events of type ${type} cannot be repeated`);
  }

  async finish(): Promise<void> {
    await this.#flush();
    await this.#commit();
  }

  /** BINLOG understands no other event before it has seen the description of their file. */
  async #describe(event: RangeEvent): Promise<void> {
    // In a transaction MySQL refuses it: it sets gtid_next.
    await this.finish();
    await this.#session.query(binlogSql([event.bytes]));
    // It takes the session for a replica's, which is told the id of every transaction.
    if (this.#kind === 'mysql') await this.#session.query("SET @@session.gtid_next = 'AUTOMATIC'");
  }

  async #takeRows(event: RangeEvent): Promise<void> {
    this.#watch.see(event);
    if (this.#batch.add(event)) this.#hasRows = true;
    this.#requireWhole();
    this.#uncommittedBytes += event.bytes.length;
    if (this.#batch.isFull) await this.#flush();
  }

  /** The survey has found none that is about the database: here it is made sure of. */
  #requireWhole(): void {
    if (this.#isDistributed && this.#hasRows) throw new Error(DISTRIBUTED);
  }

  async #takeQuery(query: QueryEvent, event: RangeEvent): Promise<void> {
    if (query.isAnnounced) return;
    const { text, modes, decoded } = readText(query, this.#collations);
    if (isBracket(text)) return /^COMMIT$/i.test(text) ? this.#endOfTransaction() : undefined;
    if (/^XA\b/i.test(text)) {
      this.#isDistributed = true;
      return this.#requireWhole();
    }
    const { from, isPrivate } = this.#request;
    const verdict = judgeStatement({ text, database: query.database, modes }, from);
    if (verdict.is === 'skip') return;
    if (verdict.is === 'refuse') throw new Error(`${verdict.reason}: ${text}`);
    if (verdict.is === 'private' && !isPrivate) throw new Error(`${verdict.reason}: ${text}`);
    if (!decoded || !(await this.#isUnderstood(query, decoded))) throw new Error(`${UNREADABLE}: ${text}`);
    await this.finish();
    this.#hasRepeated = true;
    const settings = sessionSql(query, event.second, decoded.charset, this.#collations, this.#held);
    await this.#execute(query, text, settings);
  }

  #isUnderstood(query: QueryEvent, decoded: DecodedText): Promise<boolean> {
    return isAsServerReads(query, decoded, this.#collations, this.#session);
  }

  async #execute(query: QueryEvent, text: string, settings: string): Promise<void> {
    const { from, into, isPrivate } = this.#request;
    const isElsewhere = !means(from, query.database);
    if (isElsewhere && query.database !== '') {
      await this.#session.query(`CREATE DATABASE IF NOT EXISTS ${quoteName(query.database)}`);
    }
    const used = isElsewhere ? query.database : into;
    if (used !== '') await this.#use(used);
    if (isPrivate) await makeDefinerOf(this.#session, text, modesOf(query.session.sqlMode ?? 0n));
    await this.#session.query(settings);
    try {
      await this.#session.execute(text);
    } catch (error) {
      // It failed in the same way when it was logged, after a part of it had taken effect.
      if (query.errorCode === 0 || (error as { errno?: number }).errno !== query.errorCode) throw error;
    }
    // MySQL logs CREATE TABLE … SELECT as one transaction: this statement, the rows, COMMIT.
    if (/\bSTART\s+TRANSACTION\s*$/i.test(text)) {
      this.#isInTransaction = true;
      this.#uncommittedBytes = COMMIT_BYTES;
    }
  }

  /** The statement may be the one that makes the database, or that drops it again. */
  async #use(database: string): Promise<void> {
    await this.#session.query('SET @@session.character_set_client = utf8mb4');
    await this.#session.query(`USE ${quoteName(database)}`).catch((error: { errno?: number }) => {
      // ER_BAD_DB_ERROR
      if (error.errno !== 1049) throw error;
    });
  }

  async #endOfTransaction(): Promise<void> {
    if (this.#uncommittedBytes >= COMMIT_BYTES) await this.finish();
  }

  async #flush(): Promise<void> {
    const sql = this.#batch.take();
    if (sql === undefined) return;
    if (!this.#isInTransaction) await this.#session.query('BEGIN');
    this.#isInTransaction = true;
    this.#hasRepeated = true;
    await this.#session.query(sql);
  }

  async #commit(): Promise<void> {
    if (this.#isInTransaction) await this.#session.query('COMMIT');
    this.#isInTransaction = false;
    this.#uncommittedBytes = 0;
  }
}
