import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import type { Session } from '../mysql/connect.ts';
import { quoteName, quoteQualified } from '../mysql/quote.ts';
import { HISTORY_TABLE } from '../schema/types.ts';
import { fileStamp } from '../system/clock.ts';
import { makeFolder, writeFileAtomically } from '../system/files.ts';
import type { Manifest } from './manifest.ts';
import { readObjectNames, readTables } from './source.ts';

/** MySQL's limit for the name of a database, in characters. */
const LONGEST_NAME = 64;

/** What RENAME TABLE cannot carry to another schema. Events stand first, so that none fires while the rest is dropped. */
const UNMOVABLE = ['event', 'trigger', 'view', 'procedure', 'function'] as const;

/** Where SHOW CREATE has the statement. */
const CREATE_COLUMN = {
  event: 'Create Event',
  trigger: 'SQL Original Statement',
  view: 'Create View',
  procedure: 'Create Procedure',
  function: 'Create Function',
} as const;

/** Where a restore keeps what was there before; written down before anything is moved. */
export interface Aside {
  /** `<db>_before_YYYYMMDD_HHMMSS`. */
  readonly database: string;
  /** Everything was moved: what stands in production since is the restore's own, unfinished work. */
  readonly isMoved: boolean;
}

/** The note of one run about its set-aside database, in the run's folder. */
export interface AsideNote {
  readonly path: string;
  /** Definitions of all that a RENAME cannot carry: views, triggers, routines, events. */
  readonly definitions: string;
}

export function asideNote(runFolder: string): AsideNote {
  return { path: join(runFolder, 'set-aside.json'), definitions: join(runFolder, 'before.sql') };
}

/** The set-aside database of this run: the one that it has begun with, else a new name. */
export async function chooseAside(note: AsideNote, context: Context): Promise<Aside> {
  if (existsSync(note.path)) return JSON.parse(await readFile(note.path, 'utf8')) as Aside;
  const suffix = `_before_${fileStamp(context.clock.now())}`;
  const name = context.server.target.database.slice(0, LONGEST_NAME - suffix.length);
  return { database: `${name}${suffix}`, isMoved: false };
}

/**
 * Moves every table into the set-aside database in one atomic statement and drops what a RENAME cannot carry, whose
 * definitions are kept. The journal stays: it holds the lease of this very run. Repeating it after a crash never moves
 * a second time: the tables that are there by then come from the unfinished load.
 */
export async function setAside(aside: Aside, note: AsideNote, session: Session, context: Context): Promise<void> {
  const { database } = context.server.target;
  await makeFolder(join(note.path, '..'));
  await writeFileAtomically(note.path, JSON.stringify({ ...aside, isMoved: false }));
  await session.execute(`CREATE DATABASE IF NOT EXISTS ${quoteName(aside.database)}`);
  if (!(await holdsTables(aside.database, session))) {
    if (!existsSync(note.definitions)) await keepDefinitions(note.definitions, database, session);
    await dropAllButTables(database, session);
    await moveTables(database, aside.database, session, context);
  }
  await writeFileAtomically(note.path, JSON.stringify({ ...aside, isMoved: true }));
}

/**
 * Not with the dump program: it stops at the first view whose tables are gone, and tables that are gone are why people
 * restore.
 */
async function keepDefinitions(path: string, database: string, session: Session): Promise<void> {
  const objects = await readObjectNames(session, database);
  const statements: string[] = [];
  for (const kind of UNMOVABLE) {
    for (const name of objects[kind]) {
      const [row] = await session.query(`SHOW CREATE ${kind.toUpperCase()} ${quoteQualified(database, name)}`);
      const definition = row?.[CREATE_COLUMN[kind]];
      if (typeof definition !== 'string') throw new Error(`the account may not read the definition of ${kind} ${name}`);
      statements.push(`${definition};;\n`);
    }
  }
  await writeFileAtomically(path, `DELIMITER ;;\n${statements.join('')}DELIMITER ;\n`);
}

async function moveTables(from: string, to: string, session: Session, context: Context): Promise<void> {
  const names = await readCarried(session, context);
  if (names.length === 0) return;
  const moves = names.map((name) => `${quoteQualified(from, name)} TO ${quoteQualified(to, name)}`);
  await session.execute(`RENAME TABLE ${moves.join(', ')}`);
}

/** Tables and MariaDB's sequences: what RENAME TABLE can carry. */
async function readCarried(session: Session, context: Context): Promise<string[]> {
  const tables = await readTables(context.server, session);
  const { sequence } = await readObjectNames(session, context.server.target.database);
  return [...tables.map(({ name }) => name), ...sequence];
}

async function holdsTables(database: string, session: Session): Promise<boolean> {
  const [row] = await session.query<{ tables: number | string }>(
    'SELECT COUNT(*) AS `tables` FROM information_schema.tables WHERE table_schema = ?',
    [database],
  );
  return Number(row?.tables ?? 0) > 0;
}

/** Empties a database, but for the tool's journal. */
export async function dropEverything(session: Session, context: Context): Promise<void> {
  const { database } = context.server.target;
  await dropAllButTables(database, session);
  const { sequence } = await readObjectNames(session, database);
  for (const name of sequence) await session.execute(`DROP SEQUENCE ${quoteQualified(database, name)}`);
  const tables = await readTables(context.server, session);
  if (tables.length === 0) return;
  await session.execute('SET SESSION foreign_key_checks = 0');
  await session.execute(`DROP TABLE ${tables.map(({ name }) => quoteQualified(database, name)).join(', ')}`);
}

async function dropAllButTables(database: string, session: Session): Promise<void> {
  const objects = await readObjectNames(session, database);
  for (const kind of UNMOVABLE) {
    for (const name of objects[kind]) {
      await session.execute(`DROP ${kind.toUpperCase()} IF EXISTS ${quoteQualified(database, name)}`);
    }
  }
}

/** A backup from before the tool's first deploy has no history: then the history is there, and empty. */
export async function emptyHistory(aside: string, manifest: Manifest, session: Session, database: string) {
  if (manifest.tables.some(({ name }) => name === HISTORY_TABLE)) return;
  const [old] = await session.query(
    'SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?',
    [aside, HISTORY_TABLE],
  );
  if (!old) return;
  await session.execute(
    `CREATE TABLE ${quoteQualified(database, HISTORY_TABLE)} LIKE ${quoteQualified(aside, HISTORY_TABLE)}`,
  );
}
