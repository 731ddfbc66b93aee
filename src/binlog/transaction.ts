import { TRANSACTION_PAYLOAD } from './events/compressed.ts';
import { EventType } from './events/event.ts';
import { readCommitMicros } from './events/gtid-event.ts';
import { parseQuery, type QueryEvent } from './events/query-event.ts';
import { isRowsEvent, parseRowsHead, parseTableMap, type RowChange, type TableMap } from './events/row-event.ts';
import { countRows, readFirstValues } from './events/row-values.ts';
import { formatPosition, type LogPosition, type RangeEvent } from './range.ts';

/** When a transaction committed: at `micros` or later, but before `micros + precision`. Microseconds since 1970. */
export interface CommitTime {
  readonly micros: number;
  readonly precision: number;
}

/** Rows that a transaction changed in one table; undefined where they cannot be counted. */
export interface TableChange {
  readonly database: string;
  readonly table: string;
  readonly change: RowChange;
  readonly rows: number | undefined;
}

/** What the log has of one transaction (or one statement that committed by itself), without its rows. */
export interface Transaction {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly committed: CommitTime;
  /** Connection that it came from; undefined where the log does not tell. */
  readonly threadId: number | undefined;
  /** Statements, without those that only begin and end a transaction. */
  readonly statements: readonly QueryEvent[];
  readonly changes: readonly TableChange[];
  /** Size of its largest event with rows. */
  readonly largestBytes: number;
  /** Runs of this tool that it notes in a journal table. */
  readonly runs: readonly string[];
  /** Connections that it notes there for statements of those runs. */
  readonly noted: readonly number[];
  /** Id of the distributed transaction (XA) that it only commits: its rows were logged when it was prepared. */
  readonly commitsXa: string | undefined;
  /** Id of the distributed transaction that it prepares. */
  readonly preparesXa: string | undefined;
  /** Something in it that cannot be repeated. */
  readonly oddity: Oddity | undefined;
}

export interface Oddity {
  readonly reason: string;
  /** It cannot be told which database it is about. */
  readonly isBlind: boolean;
}

const SECOND = 1_000_000;
/** Words that begin and end a transaction, as the servers write them. */
const BRACKETS = /^(?:BEGIN|COMMIT|SAVEPOINT\b.*|RELEASE SAVEPOINT\b.*)$/is;
const UNDONE = /^ROLLBACK\b/i;
export const BEGINNINGS: ReadonlySet<number> = new Set([
  EventType.gtid,
  EventType.anonymousGtid,
  EventType.taggedGtid,
  EventType.mariaDbGtid,
]);
const BETWEEN: ReadonlySet<number> = new Set([
  EventType.formatDescription,
  EventType.previousGtids,
  EventType.rotate,
  EventType.stop,
  EventType.heartbeat,
  EventType.binlogCheckpoint,
  EventType.mariaDbGtidList,
  EventType.startEncryption,
]);
/** Events whose meaning is in others: values for a statement that stands behind them, and comments. */
const SILENT: ReadonlySet<number> = new Set([
  EventType.xid,
  EventType.rowsQuery,
  EventType.annotateRows,
  EventType.intvar,
  EventType.rand,
  EventType.userVar,
]);
const LOADED_FILES: ReadonlySet<number> = new Set([EventType.beginLoadQuery, EventType.executeLoadQuery]);
const PACKED = 'it is compressed (binlog_transaction_compression), which Node 22.15 and newer can unpack';
export const DISTRIBUTED = 'it is a distributed transaction (XA)';
/** `XA END X'78',X'',1`: as both servers write it, whatever the client wrote. */
const XA = /^XA\s+(START|BEGIN|END|PREPARE|COMMIT|ROLLBACK)\s+(\S.*?)\s*$/is;
const HAS_GAP = 'the server says that the log lacks something here (an incident: its log could not be written)';
const AS_STATEMENT = 'it is in the log as a statement, not as rows (binlog_format)';

/** Puts the events of a stretch together into the transactions that they make, in the order of their commits. */
export async function* readTransactions(
  events: AsyncIterable<RangeEvent>,
  journal: string,
): AsyncGenerator<Transaction> {
  let open: OpenTransaction | undefined;
  for await (const event of events) {
    const begins = BEGINNINGS.has(event.type);
    if (open && (begins || BETWEEN.has(event.type))) {
      yield open.close();
      open = undefined;
    }
    if (begins) open = new OpenTransaction(event, journal);
    else if (!BETWEEN.has(event.type)) {
      // A server that has lost a part of its log says so outside of any transaction.
      open ??= new OpenTransaction(event, journal);
      open.add(event);
    }
  }
  if (open) yield open.close();
}

export function isBracket(text: string): boolean {
  return BRACKETS.test(text);
}

class OpenTransaction {
  readonly #first: RangeEvent;
  readonly #journal: string;
  #last: RangeEvent;
  #threadId: number | undefined;
  #seconds = 0;
  #largestBytes = 0;
  #oddity: Oddity | undefined;
  readonly #statements: QueryEvent[] = [];
  readonly #maps = new Map<number, TableMap>();
  readonly #changes = new Map<string, { -readonly [Name in keyof TableChange]: TableChange[Name] }>();
  readonly #runs = new Set<string>();
  readonly #noted = new Set<number>();
  #commitsXa: string | undefined;
  #preparesXa: string | undefined;

  constructor(first: RangeEvent, journal: string) {
    this.#first = first;
    this.#last = first;
    this.#journal = journal;
  }

  add(event: RangeEvent): void {
    this.#last = event;
    const { type } = event;
    if (type === EventType.query) this.#addQuery(parseQuery(event));
    else if (type === EventType.tableMap) this.#addMap(parseTableMap(event));
    else if (isRowsEvent(type)) this.#addRows(event);
    else if (type === EventType.xaPrepare) this.#note(DISTRIBUTED);
    else if (LOADED_FILES.has(type)) this.#note(AS_STATEMENT, true);
    else if (type === TRANSACTION_PAYLOAD) this.#note(PACKED, true);
    else if (type === EventType.incident) this.#note(HAS_GAP, true);
    else if (!SILENT.has(type)) this.#note(`it has an event of a kind that is not known (${type})`, true);
  }

  close(): Transaction {
    const { file, start } = this.#first;
    return {
      file,
      start,
      end: this.#last.end,
      committed: this.#committed(),
      threadId: this.#threadId,
      statements: this.#statements,
      changes: [...this.#changes.values()],
      largestBytes: this.#largestBytes,
      runs: [...this.#runs],
      noted: [...this.#noted],
      commitsXa: this.#commitsXa,
      preparesXa: this.#preparesXa,
      oddity: this.#oddity,
    };
  }

  #addQuery(query: QueryEvent): void {
    this.#threadId = query.threadId;
    const text = query.text.toString('utf8');
    if (isBracket(text) || query.isAnnounced) return;
    if (UNDONE.test(text)) this.#note('a part of it was rolled back, and the log has that part too');
    else if (/^XA\b/i.test(text)) this.#addXa(text);
    else this.#statements.push(query);
    this.#seconds = query.seconds;
  }

  #addXa(text: string): void {
    const [, verb = '', id = ''] = XA.exec(text) ?? [];
    if (/^(?:COMMIT)$/i.test(verb)) this.#commitsXa = id;
    else if (/^(?:ROLLBACK)$/i.test(verb)) return;
    else this.#preparesXa = id;
    this.#note(DISTRIBUTED);
  }

  #note(reason: string, isBlind = false): void {
    this.#oddity ??= { reason, isBlind };
  }

  #addMap(map: TableMap): void {
    this.#maps.set(map.id, map);
  }

  #addRows(event: RangeEvent): void {
    const { change, tableId } = parseRowsHead(event);
    const map = this.#maps.get(tableId);
    // The last event of a statement may name no table at all: it only closes those before it.
    if (!map) return;
    this.#largestBytes = Math.max(this.#largestBytes, event.bytes.length);
    const key = `${change} ${map.database}.${map.table}`;
    const so = this.#changes.get(key) ?? { database: map.database, table: map.table, change, rows: 0 };
    const rows = countRows(event, map);
    so.rows = so.rows === undefined || rows === undefined ? undefined : so.rows + rows;
    this.#changes.set(key, so);
    if (map.table === this.#journal) this.#noteRuns(event, map);
  }

  /** The journal's first columns are run, version, direction, ordinal, digest, kind; the seventh is the connection. */
  #noteRuns(event: RangeEvent, map: TableMap): void {
    for (const values of readFirstValues(event, map, 7)) {
      const [run, connection] = [values[0]?.toString('utf8'), values[6]];
      if (run) this.#runs.add(run);
      if (connection?.length === 8) this.#noted.add(Number(connection.readBigUInt64LE()));
    }
  }

  /**
   * MySQL's GTID event says when the transaction committed, in microseconds (8.0.1 and newer). MariaDB's last event says
   * in which second its COMMIT was given, or its one statement, which took so many seconds.
   */
  #committed(): CommitTime {
    const micros = readCommitMicros(this.#first);
    if (micros !== undefined) return { micros, precision: 1 };
    const isStatement = this.#statements.length > 0 && this.#changes.size === 0;
    // With `SET timestamp` it took a negative time, and the sum is right nevertheless.
    const second = (this.#last.second + (isStatement ? this.#seconds : 0)) % 2 ** 32;
    return { micros: second * SECOND, precision: SECOND };
  }
}

export function startOf({ file, start }: Pick<Transaction, 'file' | 'start'>): LogPosition {
  return { file, position: start };
}

/** `binlog.000002:1234`: where a transaction begins, as people name it and as it is looked up by. */
export function placeOf(transaction: Pick<Transaction, 'file' | 'start'>): string {
  return formatPosition(startOf(transaction));
}
