/** Kinds of objects that a database holds. */
export type ObjectKind =
  | 'table'
  | 'view'
  | 'trigger'
  | 'procedure'
  | 'function'
  | 'event'
  | 'sequence'
  /** MariaDB: what a package of routines shows. */
  | 'package'
  | 'package body'
  /** MySQL 9.2 and newer: code that routines of other languages share. */
  | 'library';

/** `kind:name`, e.g. `table:companies`: how an object is named in maps, diffs and the journal. */
export type ObjectId = `${ObjectKind}:${string}`;

export interface SchemaObject {
  readonly kind: ObjectKind;
  readonly name: string;
  /** Canonical text, one fact a line: equal schemas give equal text on the same server. */
  readonly definition: string;
  /** SHA-256 of `definition`, hex. */
  readonly digest: string;
  /** Structured facts of a base table. */
  readonly table?: TableShape | undefined;
}

export interface TableShape {
  readonly engine: string;
  readonly columns: readonly Column[];
  readonly indexes: readonly Index[];
  readonly foreignKeys: readonly ForeignKey[];
  /** The server's estimates (information_schema), bytes and rows; never part of the fingerprint. */
  readonly estimatedRows: number;
  readonly estimatedBytes: number;
}

export interface Column {
  readonly name: string;
  /** As the server prints it: `bigint unsigned`, `enum('a','b')`. Integer display widths are left out. */
  readonly type: string;
  readonly isNullable: boolean;
  readonly default: string | null;
  readonly extra: string;
  readonly generation: string | undefined;
}

export interface Index {
  readonly name: string;
  readonly isUnique: boolean;
  /** Column names (or expressions) in order; a prefix length stands as `name(20)`. */
  readonly columns: readonly string[];
  readonly type: string;
}

export interface ForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly parentSchema: string;
  readonly parentTable: string;
  readonly parentColumns: readonly string[];
  readonly onDelete: string;
  readonly onUpdate: string;
}

/** A database's schema at one moment. The tool's own tables are never in it. */
export interface Snapshot {
  readonly database: string;
  readonly charset: string;
  readonly collation: string;
  /** `foldsNames`: the server takes names of tables and databases for the same whatever their case. */
  readonly objects: ReadonlyMap<ObjectId, SchemaObject> & { readonly foldsNames?: boolean };
  /** SHA-256 over the digests of all objects, sorted, and the database's defaults: equal schemas, equal fingerprint. */
  readonly fingerprint: string;
}

/** The two tables that the tool keeps in the target database. */
export const HISTORY_TABLE = 'gateway_migrate_history';
export const JOURNAL_TABLE = 'gateway_migrate_journal';
export const OWN_TABLES: readonly string[] = [JOURNAL_TABLE, HISTORY_TABLE];
/** Marks a database as made by this tool: nothing without it is ever dropped. In no snapshot either. */
export const SCRATCH_TABLE = 'gateway_migrate_scratch';
/** How triggers begin by which a rollback closes tables while it saves their rows. In no snapshot either. */
export const CLOSING_TRIGGERS = 'gateway_migrate_closes_';
/** Marks a database that a restore has made beside production, and says what for. */
export const BESIDE_TABLE = 'gateway_migrate_beside';
