import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { messageOf } from '../../errors.ts';
import type { ObjectKind } from '../../schema/types.ts';
import { writeFileAtomically } from '../../system/files.ts';
import type { Compression } from './compression.ts';
import type { Section } from './scanner.ts';

/** Kinds that the first backups say nothing of. */
type LaterKind = 'package' | 'package body' | 'library';

/** What a backup holds and where it came from: `<backup>.manifest.json`. Stable: other tools may read it. */
export interface Manifest {
  readonly format: 1;
  readonly toolVersion: string;
  /** File name of the backup, without its folder. */
  readonly file: string;
  readonly compression: Compression;
  readonly database: string;
  readonly charset: string;
  readonly collation: string;
  readonly server: ServerIdentity;
  /** The dump program: `MySQL 9.7.4`. */
  readonly client: string;
  /** ISO 8601 with offset. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Where the server's binary log stood at the snapshot; null when it could not be read, then `positionReason` says why. */
  readonly position: BinlogPosition | null;
  readonly positionReason: string | null;
  /** The server's `binlog_format` then, beside a position. Missing in the first backups. */
  readonly binlogFormat?: string;
  /** SHA-256 of the whole file, hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** Size of the SQL text. */
  readonly rawBytes: number;
  /** The SQL in front of the first table: character set, time zone, checks. */
  readonly preamble: ByteRange;
  readonly tables: readonly TableEntry[];
  /** Past rows of MariaDB's system-versioned tables are in it, and count as rows. */
  readonly withHistory?: boolean;
  /** Everything that is no table, in the order of the file. Missing in the first backups. */
  readonly sections?: readonly SectionEntry[];
  /** Names of all other objects, by kind. */
  readonly objects: Readonly<
    Record<Exclude<ObjectKind, 'table' | LaterKind>, readonly string[]> & Partial<Record<LaterKind, readonly string[]>>
  >;
  /** By `kind:name` a digest that whatever defines it anew changes. Missing where that could not be told. */
  readonly made?: Readonly<Record<string, string>>;
  /** Values that come back otherwise than the server had them; missing when there are none. */
  readonly losses?: readonly Loss[];
  /** Set when the backup has been loaded somewhere and found equal. */
  readonly proof: Proof | null;
  /** Set when it was loaded the last time, and did not come back the same. */
  readonly disproof?: Disproof;
}

/** Values of a column that a dump cannot tell. */
export interface Loss {
  readonly table: string;
  readonly column: string;
  /** `float`, `json`, or the character set of a text. */
  readonly type: string;
  readonly rows: number;
}

export interface ServerIdentity {
  readonly flavor: 'mysql' | 'mariadb';
  readonly version: string;
  /** MySQL's server_uuid; MariaDB's server_uid, which first releases of 10.x do not have, nor first backups. */
  readonly uuid: string | null;
  readonly host: string;
  /** Digest of data folder, port and server_id. Missing in the first backups. */
  readonly place?: string;
}

export interface BinlogPosition {
  readonly file: string;
  readonly position: number;
  /** Null when the set at exactly this position could not be told. */
  readonly gtid: string | null;
}

/** Bytes of the compressed file; the range starts with a gzip member of its own. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export interface TableEntry {
  readonly name: string;
  /** Rows counted in the INSERT statements of the dump itself. */
  readonly rows: number;
  /**
   * SHA-256, hex, of the table's SQL text: definition, rows and triggers, each `CHARACTER SET … COLLATE` of the
   * definition without its character set.
   */
  readonly digest: string;
  /** The same of the text with its numbers read; only of MySQL's tables with a JSON column, not in the first backups. */
  readonly numbersDigest?: string;
  readonly rawBytes: number;
  readonly range: ByteRange;
}

/** A stretch of the dump that is no table: a view, a sequence, all routines, all events, the end. */
export interface SectionEntry {
  readonly kind: Section['kind'];
  readonly name: string;
  /** As a table's. */
  readonly digest: string;
}

export interface Proof {
  /** ISO 8601 with offset. */
  readonly at: string;
  /** Where it was loaded, for people. */
  readonly method: string;
  /** How long loading and dumping took; missing in the first backups. */
  readonly ms?: number;
}

/** What a backup that does not bring back everything was found to lack. */
export interface Disproof {
  /** ISO 8601 with offset. */
  readonly at: string;
  readonly method: string;
  /** A sentence each; the first of them. */
  readonly differences: readonly string[];
}

export function manifestPath(backup: string): string {
  return `${backup}.manifest.json`;
}

/** With a seal, the SHA-256 of all the rest as JSON without spaces: a manifest that has rotted must not judge a backup. */
export async function writeManifest(backup: string, manifest: Manifest): Promise<void> {
  const sealed = { ...manifest, seal: sealOf(manifest) };
  await writeFileAtomically(manifestPath(backup), `${JSON.stringify(sealed, undefined, 2)}\n`);
}

function sealOf(manifest: object): string {
  return createHash('sha256').update(JSON.stringify(manifest)).digest('hex');
}

/** Throws an error that says what is wrong with the file. */
export async function readManifest(backup: string): Promise<Manifest> {
  const path = manifestPath(backup);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (!existsSync(backup)) throw new Error('there is no such file');
    throw new Error(`the manifest ${path} cannot be read: ${messageOf(error)}`);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`the manifest ${path} is not JSON: ${messageOf(error)}`);
  }
  const wrong = findWrongField(value);
  if (wrong) throw new Error(`the manifest ${path} is not valid: ${wrong}`);
  const { seal, ...manifest } = value as Manifest & { readonly seal?: unknown };
  // The first backups had no seal. Where the name of the seal is what has rotted, it is a field that nobody knows.
  const isAsWritten =
    seal === undefined ? Object.keys(manifest).every((name) => KNOWN.has(name)) : seal === sealOf(manifest);
  if (!isAsWritten) throw new Error(`the manifest ${path} was changed after it was written`);
  return manifest;
}

type Shape = Readonly<Record<string, (value: unknown) => boolean>>;

const isText = (value: unknown) => typeof value === 'string';
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isSha256 = (value: unknown) => isText(value) && /^[0-9a-f]{64}$/.test(value as string);
const isRange = (value: unknown) => hasShape({ offset: isCount, length: isCount }, value);
const isNames = (value: unknown) => Array.isArray(value) && value.every(isText);
const isTexts = (value: unknown) => typeof value === 'object' && value !== null && isNames(Object.values(value));
const hasShape = (shape: Shape, value: unknown) => firstMisfit(shape, value) === undefined;

const TABLE: Shape = { name: isText, rows: isCount, digest: isSha256, rawBytes: isCount, range: isRange };
const SECTION: Shape = { kind: isText, name: isText, digest: isSha256 };
const SERVER: Shape = { flavor: (value) => value === 'mysql' || value === 'mariadb', version: isText, host: isText };
const LOSS: Shape = { table: isText, column: isText, type: isText, rows: isCount };
const OBJECTS: Shape = {
  view: isNames,
  trigger: isNames,
  procedure: isNames,
  function: isNames,
  event: isNames,
  sequence: isNames,
  package: (value) => value === undefined || isNames(value),
  'package body': (value) => value === undefined || isNames(value),
  library: (value) => value === undefined || isNames(value),
};
const MANIFEST: Shape = {
  format: (value) => value === 1,
  file: isText,
  compression: (value) => value === 'gzip' || value === 'zstd',
  database: isText,
  charset: isText,
  collation: isText,
  server: (value) => hasShape(SERVER, value),
  startedAt: isText,
  finishedAt: isText,
  sha256: isSha256,
  bytes: isCount,
  rawBytes: isCount,
  preamble: isRange,
  tables: (value) => Array.isArray(value) && value.every((table) => hasShape(TABLE, table)),
  sections: (value) =>
    value === undefined || (Array.isArray(value) && value.every((section) => hasShape(SECTION, section))),
  objects: (value) => hasShape(OBJECTS, value),
  binlogFormat: (value) => value === undefined || isText(value),
  made: (value) => value === undefined || isTexts(value),
  losses: (value) => value === undefined || (Array.isArray(value) && value.every((loss) => hasShape(LOSS, loss))),
};

/** What stands in a manifest, whether it is asked for or not. */
const KNOWN: ReadonlySet<string> = new Set([
  ...Object.keys(MANIFEST),
  ...['toolVersion', 'client', 'position', 'positionReason', 'proof', 'disproof', 'withHistory'],
]);

/** One sentence about the first field that is not as it should be. */
function findWrongField(value: unknown): string | undefined {
  const field = firstMisfit(MANIFEST, value);
  return field === undefined ? undefined : `${field} is missing or of the wrong form`;
}

function firstMisfit(shape: Shape, value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'the whole';
  const fields = value as Record<string, unknown>;
  return Object.keys(shape).find((name) => !shape[name]?.(fields[name]));
}
