import type { Session } from '../mysql/connect.ts';
import { numberLiteral, textLiteral } from '../mysql/literal.ts';
import { quoteName } from '../mysql/quote.ts';
import { HISTORY_TABLE, JOURNAL_TABLE } from '../schema/types.ts';
import type { Direction, Evidence, JournalRow, StatementState } from './row.ts';
import { joinWrites, packetsOf, type RowWrite, type Write } from './write.ts';

const JOURNAL = quoteName(JOURNAL_TABLE);
const HISTORY = quoteName(HISTORY_TABLE);
/** Characters of a statement that are kept; its digest identifies it. Of DDL more: what it takes away can stand at the end. */
const STATEMENT_KEPT = 2_000;
const DDL_KEPT = 10_000;

const CREATE_HISTORY = `CREATE TABLE IF NOT EXISTS ${HISTORY} (
  version VARCHAR(190) NOT NULL,
  name VARCHAR(255) NOT NULL,
  checksum VARCHAR(100) NOT NULL,
  state VARCHAR(16) NOT NULL,
  run VARCHAR(64) NOT NULL,
  started DATETIME(3) NOT NULL,
  finished DATETIME(3) NULL,
  duration_ms INT UNSIGNED NULL,
  base_name VARCHAR(255) NOT NULL,
  text LONGTEXT NULL,
  PRIMARY KEY (version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`;

const CREATE_JOURNAL = `CREATE TABLE IF NOT EXISTS ${JOURNAL} (
  run VARCHAR(64) NOT NULL,
  version VARCHAR(190) NOT NULL,
  direction VARCHAR(4) NOT NULL,
  ordinal INT UNSIGNED NOT NULL,
  digest VARCHAR(64) NOT NULL,
  kind VARCHAR(16) NOT NULL,
  connection_id BIGINT UNSIGNED NOT NULL,
  state VARCHAR(16) NOT NULL,
  started DATETIME(3) NOT NULL,
  finished DATETIME(3) NULL,
  row_count BIGINT NULL,
  error TEXT NULL,
  evidence LONGTEXT NULL,
  statement TEXT NULL,
  PRIMARY KEY (run, version, direction, ordinal)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`;

/** Creates the tool's two tables when they are not there. Called under the lock only. */
export async function createToolTables(session: Session): Promise<void> {
  await session.query(CREATE_HISTORY);
  await session.query(CREATE_JOURNAL);
}

/** Which of the two tables exist: commands that only read must not create them. */
export async function hasToolTables(session: Session): Promise<{ history: boolean; journal: boolean }> {
  const rows = await session.query<{ name: string }>(
    `SELECT TABLE_NAME AS name FROM information_schema.TABLES
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ('${HISTORY_TABLE}', '${JOURNAL_TABLE}')`,
  );
  const names = rows.map((row) => row.name);
  return { history: names.includes(HISTORY_TABLE), journal: names.includes(JOURNAL_TABLE) };
}

/** Notes an intent. A repeated statement (resume) takes the place of its earlier row. */
export function noteIntent(row: Omit<JournalRow, 'state' | 'rows' | 'error'>): RowWrite {
  const values = [
    textLiteral(row.run),
    textLiteral(row.version),
    textLiteral(row.direction),
    numberLiteral(row.ordinal),
    textLiteral(row.digest),
    textLiteral(row.kind),
    numberLiteral(row.connectionId),
    "'intent'",
    'UTC_TIMESTAMP(3)',
    'NULL',
    'NULL',
    'NULL',
    textLiteral(JSON.stringify(row.evidence)),
    textLiteral(row.statement.slice(0, row.kind === 'ddl' ? DDL_KEPT : STATEMENT_KEPT)),
  ];
  const start = `REPLACE INTO ${JOURNAL} (run, version, direction, ordinal, digest, kind, connection_id, state, started,
    finished, row_count, error, evidence, statement) VALUES `;
  return { start, row: `(${values.join(', ')})`, end: '' };
}

export interface StatementKey {
  readonly run: string;
  readonly version: string;
  readonly direction: Direction;
  readonly ordinal: number;
}

/** How a statement ended. `after` is added to the evidence that its intent noted. */
export interface Outcome {
  readonly state: StatementState;
  readonly rows?: number;
  readonly error?: string;
  readonly after?: Partial<Evidence>;
}

/** Notes an outcome. */
export function noteOutcome(key: StatementKey, outcome: Outcome): RowWrite {
  // What committed by itself before it failed is not undone by its failure: the mark that tells so stays.
  const state = outcome.state === 'failed' ? "IF(state = 'entered', 'entered', 'failed')" : `'${outcome.state}'`;
  const sets = [`state = ${state}`, 'finished = UTC_TIMESTAMP(3)', `row_count = ${numberLiteral(outcome.rows)}`];
  if (outcome.error !== undefined) sets.push(`error = ${textLiteral(outcome.error)}`);
  if (outcome.after !== undefined) {
    sets.push(`evidence = JSON_MERGE_PATCH(COALESCE(evidence, '{}'), ${textLiteral(JSON.stringify(outcome.after))})`);
  }
  const start = `UPDATE ${JOURNAL} SET ${sets.join(', ')} WHERE ${whereSection(key)} AND version IN (`;
  return { start, row: textLiteral(key.version), end: ')' };
}

/** Takes an intent back whose statement was never sent, or did nothing. */
export function forgetIntent({ run, version, direction, ordinal }: StatementKey): RowWrite {
  const start = `DELETE FROM ${JOURNAL} WHERE run = ${textLiteral(run)} AND direction = '${direction}' AND state = 'intent'
    AND (version, ordinal) IN (`;
  return { start, row: `(${textLiteral(version)}, ${ordinal})`, end: ')' };
}

/** SQL that forgets what was meant to run of a migration whose file is another one now; what has run stays. */
export function forgetIntentsSql(run: string, version: string): string {
  return `DELETE FROM ${JOURNAL} WHERE run = ${textLiteral(run)} AND version = ${textLiteral(version)} AND direction = 'up' AND state = 'intent'`;
}

function whereKey(key: StatementKey): string {
  return `${whereSection(key)} AND version = ${textLiteral(key.version)}`;
}

/** The same place in every migration of a run. */
function whereSection({ run, direction, ordinal }: StatementKey): string {
  return `run = ${textLiteral(run)} AND direction = '${direction}' AND ordinal = ${ordinal}`;
}

/**
 * Runs several writes as one durable commit, in one packet where they are not long: one round trip and one flush to disk a statement.
 * The session must allow several statements in a packet.
 */
export async function commitTogether(session: Session, writes: readonly Write[]): Promise<void> {
  const [first, ...others] = joinWrites(writes);
  if (first === undefined) return;
  if (others.length === 0) {
    await session.query(first);
    return;
  }
  try {
    for (const packet of packetsOf(['START TRANSACTION', first, ...others, 'COMMIT'])) await session.query(packet);
  } catch (error) {
    await session.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** How the note begins that a statement's run was left behind by a restore: it is no error of the statement. */
export const SUPERSEDED = 'superseded by the restore ';

/**
 * SQL that notes of what older runs left open that a restore has put another database in its place. The state stays: when
 * the restore is undone, it counts again.
 */
export function supersedeSql(by: string): string {
  return `UPDATE ${JOURNAL} SET error = ${textLiteral(`${SUPERSEDED}${by}`)} WHERE state IN ('intent', 'entered')`;
}

/** The run that began last to undo this version. */
export async function readUndoingRun(session: Session, version: string): Promise<string | undefined> {
  const [row] = await session.query<{ run: string }>(
    `SELECT run FROM ${JOURNAL} WHERE version = ? AND direction = 'down' ORDER BY started DESC LIMIT 1`,
    [version],
  );
  return row?.run;
}

/**
 * The mark that an opaque statement's own transaction holds. One that was committed before it has no row count, so that another
 * connection sees whether this one has been committed since.
 */
export function noteMarked(key: StatementKey): RowWrite {
  return noteOutcome(key, { state: 'entered', rows: 0 });
}

/** True when this connection sees that mark. */
export async function seesMark(session: Session, key: StatementKey): Promise<boolean> {
  const [row] = await session.query<{ state: StatementState; rowCount: number | null }>(
    `SELECT state, row_count AS rowCount FROM ${JOURNAL} WHERE ${whereKey(key)}`,
  );
  return row?.state === 'entered' && row.rowCount !== null;
}

interface RawRow {
  run: string;
  version: string;
  direction: Direction;
  ordinal: number;
  digest: string;
  kind: JournalRow['kind'];
  connectionId: number;
  state: StatementState;
  rowCount: number | null;
  error: string | null;
  evidence: string | null;
  statement: string | null;
  [column: string]: unknown;
}

/** The rows of one run, oldest first; empty when the table does not exist yet. */
export async function readJournal(session: Session, run: string): Promise<JournalRow[]> {
  const { journal } = await hasToolTables(session);
  if (!journal) return [];
  const rows = await session.query<RawRow>(
    `SELECT run, version, direction, ordinal, digest, kind, connection_id AS connectionId, state,
       row_count AS rowCount, error, evidence, statement
     FROM ${JOURNAL} WHERE run = ? ORDER BY started, direction DESC, ordinal`,
    [run],
  );
  return rows.map((row) => ({
    run: row.run,
    version: row.version,
    direction: row.direction,
    ordinal: row.ordinal,
    digest: row.digest,
    kind: row.kind,
    connectionId: row.connectionId,
    state: row.state,
    rows: row.rowCount,
    error: row.error,
    evidence: row.evidence ? (JSON.parse(row.evidence) as Evidence) : { objects: {} },
    statement: row.statement ?? '',
  }));
}
