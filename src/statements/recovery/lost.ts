import { ExitCode, Failure } from '../../errors.ts';
import type { Loss } from '../../migrations/losses/loss.ts';
import { lossesOf, tablesMade } from '../../migrations/losses/losses.ts';
import { UNSEEN } from '../../migrations/reached-tables.ts';
import { toStatement } from '../../migrations/sql/statement.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import { splitId } from '../../schema/snapshot.ts';
import type { ObjectId, Snapshot } from '../../schema/types.ts';
import { leftOnServer } from '../accounts/left-on-server.ts';
import { inTurn, type JournalRow } from '../row.ts';
import { areBalanced, type Changed } from './balance.ts';
import { readContents } from './contents.ts';

/** Everything that ran of what is undone, there and back. */
export interface Undone {
  readonly up: readonly JournalRow[];
  readonly down: readonly JournalRow[];
  /** The statement of a row as it stands in its migration; undefined: only its beginning is known. */
  statementOf(row: JournalRow): Statement | undefined;
}

/** What was done to the rows of one table that stood before. */
interface Touched {
  readonly losses: string[];
  readonly up: Changed[];
  readonly down: Changed[];
  /** Unless a server out of strict mode was at work, nothing was lost. */
  isCertain: boolean;
  /** Something was done that no statement of the way back can be seen to answer. */
  isUnanswered: boolean;
  digest: string | undefined;
}

/** What the rows of the journal tell, in the order in which the statements ran. Tables by the name that they had before. */
interface Ledger {
  readonly touched: Map<string, Touched>;
  /** Made by the run itself. */
  readonly own: Set<string>;
  /** The name that a table has by now → the one that it had before. */
  readonly names: Map<string, string>;
  /** What nobody can compare, for nobody knows which rows it was about. */
  readonly unseen: string[];
}

/**
 * What the way back did not bring back, or of which nobody knows: rows and columns, each with the statement that took it.
 * "As before" is what was compared: the digest of the table from before its first change equals today's. Where other
 * people write, statements that take back exactly what others did are enough.
 */
export async function findLost(undone: Undone, session: Session, now: Snapshot): Promise<string[]> {
  const { touched, unseen } = follow(undone);
  const lost: string[] = [];
  for (const [table, one] of touched) {
    if (one.losses.length === 0) continue;
    if (one.digest === undefined && !one.isCertain) continue;
    if (one.digest !== undefined && (await readContents(session, table, now)) === one.digest) continue;
    if (one.isUnanswered || !areBalanced(one.up, one.down)) lost.push(...one.losses);
  }
  return [...new Set([...lost, ...unseen, ...(await leftOnServer(undone, session))])];
}

function follow({ up, down, statementOf }: Undone): Ledger {
  const ledger: Ledger = { touched: new Map(), own: new Set(), names: new Map(), unseen: [] };
  const read = (row: JournalRow) => statementOf(row) ?? toStatement(row.statement, 0);
  const rows = [...up.toSorted(inTurn), ...down].filter(({ state, kind }) => state === 'done' && kind !== 'start');
  for (const row of rows) {
    const statement = read(row);
    noteDigests(row, statement, ledger);
    noteReached(row, statement, ledger);
    noteLosses(row, statement, ledger);
    noteChange(row, statement, ledger);
    noteNames(row, statement, ledger);
  }
  return ledger;
}

function describe({ version }: JournalRow, { verb }: Statement): string {
  return `${verb} in ${version}`;
}

function touchedOf({ touched }: Ledger, table: string): Touched {
  const one = touched.get(table) ?? {
    losses: [],
    up: [],
    down: [],
    isCertain: false,
    isUnanswered: false,
    digest: undefined,
  };
  touched.set(table, one);
  return one;
}

/** With rows that a statement changes go those of other tables that follow them: of these no statement speaks. */
function noteDigests(row: JournalRow, statement: Statement, ledger: Ledger): void {
  if (row.direction === 'down') return;
  const written = statement.writes.map((name) => name.slice(name.lastIndexOf('.') + 1));
  for (const [id, digest] of Object.entries(row.evidence.contents ?? {})) {
    const [, name] = splitId(id as ObjectId);
    const one = touchedOf(ledger, ledger.names.get(name) ?? name);
    one.digest ??= digest;
    if (statement.kind !== 'dml' || row.rows === 0 || written.includes(name)) continue;
    one.losses.push(`rows of ${name} (${describe(row, statement)})`);
    one.isUnanswered = true;
  }
}

/** Of a program nobody can see that another one answers it: the rows tell, or nobody does. */
function noteReached(row: JournalRow, statement: Statement, ledger: Ledger): void {
  for (const name of row.evidence.reaches ?? []) {
    const table = ledger.names.get(name) ?? name;
    if (name === UNSEEN) ledger.unseen.push(`whatever rows ${describe(row, statement)} changed`);
    if (name === UNSEEN || ledger.own.has(table)) continue;
    const one = touchedOf(ledger, table);
    one.losses.push(`rows of ${name} (${describe(row, statement)})`);
    one.isCertain = true;
    one.isUnanswered = true;
  }
}

function noteLosses(row: JournalRow, statement: Statement, ledger: Ledger): void {
  for (const { table, what, isCertain } of lossesIn(row, statement)) {
    const name = ledger.names.get(table) ?? table;
    if (ledger.own.has(name)) continue;
    const one = touchedOf(ledger, name);
    one.losses.push(`${what} (${describe(row, statement)})`);
    one.isCertain ||= isCertain;
    one.isUnanswered ||= statement.kind !== 'dml';
  }
}

/** On the way back only rows count: what its ALTER takes away, the way forward had added. */
function lossesIn(row: JournalRow, statement: Statement): Loss[] {
  const changesRows = statement.kind === 'dml' || statement.kind === 'truncate';
  if (row.direction === 'down' && !changesRows) return [];
  if (statement.kind === 'dml' && row.rows === 0) return [];
  const stood = statement.touches.some(({ object }) => (row.evidence.objects[object] ?? null) !== null);
  if (statement.kind === 'ddl' && !stood) return [];
  return lossesOf(statement, row.evidence.definitions ?? {});
}

function noteChange(row: JournalRow, statement: Statement, ledger: Ledger): void {
  if (statement.kind !== 'dml' || row.rows === 0) return;
  for (const name of statement.writes) {
    const plain = name.slice(name.lastIndexOf('.') + 1);
    const table = ledger.names.get(plain) ?? plain;
    if (!ledger.own.has(table)) touchedOf(ledger, table)[row.direction].push({ statement, rows: row.rows ?? 0 });
  }
}

function noteNames({ evidence }: JournalRow, statement: Statement, { names, own }: Ledger): void {
  for (const table of tablesMade(statement)) {
    if ((evidence.objects[`table:${table}`] ?? null) === null) own.add(names.get(table) ?? table);
  }
  const renamed = statement.touches.filter(({ action, object }) => action === 'rename' && object.startsWith('table:'));
  for (const { object, to } of renamed) {
    const from = splitId(object)[1];
    if (to !== undefined) names.set(splitId(to)[1], names.get(from) ?? from);
    names.delete(from);
  }
}

/** The schema is back, but not everything that was in it. */
export class NotAllBack extends Failure {
  constructor(lost: readonly string[], restore: string) {
    super(`the schema is as before, but this did not come back, or nobody could compare it: ${lost.join('; ')}`, {
      exitCode: ExitCode.failedChanged,
      production: 'changed',
      state: 'every statement of the way back is done; what is named above is not as it was before',
      next: `${restore} (brings it back), or gateway-migrate resume (goes on without it)`,
    });
  }
}
