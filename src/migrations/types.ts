import type { ObjectId } from '../schema/types.ts';

/**
 * What a statement does to the server decides how it is made exactly-once.
 *
 * - `ddl`: commits implicitly, changes the schema; decided by evidence (the objects it touches).
 * - `truncate`: DDL that removes rows; decided by the identity of the table that it touches.
 * - `dml`: runs in one transaction with its journal row.
 * - `session`: SET and the like; no effect outside the connection, replayed on resume.
 * - `admin`: ANALYZE, GRANT, FLUSH, SET GLOBAL, SELECT, SHOW …: repeating it ends in the same state, so it is repeated.
 * - `transaction`: START TRANSACTION, BEGIN, COMMIT, ROLLBACK written by the author.
 * - `opaque`: CALL, LOAD DATA, EXECUTE, CREATE USER without IF NOT EXISTS, and whatever is not known.
 * - `forbidden`: cannot be journalled (LOCK TABLES, USE, XA …); refused in preflight.
 */
export type StatementKind = 'ddl' | 'truncate' | 'dml' | 'session' | 'admin' | 'transaction' | 'opaque' | 'forbidden';

/** One object that a DDL statement touches. Names are as the server would resolve them, unquoted. */
export interface Touch {
  readonly action: 'create' | 'alter' | 'drop' | 'rename';
  readonly object: ObjectId;
  /** Only for `rename`. */
  readonly to?: ObjectId | undefined;
  /** The schema when the name was qualified. */
  readonly schema?: string | undefined;
  /** The schema of `to` when that was qualified. */
  readonly toSchema?: string | undefined;
  /** IF EXISTS, IF NOT EXISTS or OR REPLACE stood there. */
  readonly isConditional: boolean;
}

export interface Statement {
  /** The text as written, without its delimiter, comments in front of it included or not (never needed to run it). */
  readonly text: string;
  /** Line in the file where it begins, 1-based. */
  readonly line: number;
  /** SHA-256, hex, of the text with line endings normalised outside literals. */
  readonly digest: string;
  readonly kind: StatementKind;
  /** First words in upper case, e.g. `CREATE TABLE`: for progress lines. */
  readonly verb: string;
  readonly touches: readonly Touch[];
  /** Tables whose rows it writes, unquoted, `schema.table` where qualified: best effort, too many rather than too few. */
  readonly writes: readonly string[];
  /** The server keeps names of tables in lower case, and so do `touches` and `writes`. */
  readonly foldsNames?: true;
  /** Why, when `kind` is `forbidden`. */
  readonly reason?: string | undefined;
}

/** `-- migrate:allow NAME reason`: a finding of the rehearsal that the author has thought about. */
export interface Allowance {
  readonly name: string;
  readonly reason: string;
  /** Where it stands in its file, 1-based. */
  readonly line: number;
}

/** A migration file (or a golang-migrate pair), read and parsed. */
export interface Migration {
  readonly version: string;
  readonly name: string;
  /** File name without `.sql`: Laravel's `migrations` table knows it by this. */
  readonly baseName: string;
  readonly path: string;
  /** `v1:<sha256 hex>`: the algorithm's version stands in front, so that a tool upgrade never looks like an edit. */
  readonly checksum: string;
  /** The file's text (of a pair: both, joined with section headings). */
  readonly text: string;
  readonly up: readonly Statement[];
  readonly down: readonly Statement[];
  readonly check: readonly Statement[];
  readonly verify: readonly Statement[];
  readonly allows: readonly Allowance[];
  /** Of a PHP migration: the checksum of `text`, which holds the SQL that it was translated to. */
  readonly translation?: string | undefined;
  /** A PHP migration whose SQL is not known: its sections are empty and mean nothing. */
  readonly isUntranslated?: boolean | undefined;
}
