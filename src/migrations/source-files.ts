import { isUtf8 } from 'node:buffer';
import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { messageOf } from '../errors.ts';
import { type FileName, parseFileName } from './file-name.ts';

/** Something wrong with a migration's file: found before anything is started. */
export interface Problem {
  readonly path: string;
  /** 1-based; absent when the whole file is meant. */
  readonly line?: number | undefined;
  readonly what: string;
  readonly remedy: string;
}

export interface SourceFile extends FileName {
  readonly path: string;
  readonly text: string;
}

interface Found {
  readonly problems: Problem[];
  /** What is passed by, or means less than its author may think. */
  readonly notes: Problem[];
}

/** Flyway's other kinds: what is made anew whenever its file changes, and what stands for all before it. */
const REPEATABLE = /^R__.+\.sql$/;
const FLYWAYS_BASELINE = /^B\d+(?:[._]\d+)*__.+\.sql$/;

/** The files of a folder by migration. Read one after another: 500 small files take 10 ms, less than parsing them. */
export function readSourceFiles(dir: string, found: Found): SourceFile[][] {
  const files: SourceFile[] = [];
  for (const entry of listFolder(dir, found.problems)) {
    for (const [path, parsed] of namesIn(dir, entry, found)) {
      const text = readText(path, found.problems);
      if (text !== undefined) files.push({ ...parsed, path, text });
    }
  }
  return group(files);
}

function listFolder(dir: string, problems: Problem[]): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter(({ name }) => !name.startsWith('.'))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    problems.push({ path: dir, what: messageOf(error), remedy: 'check migrations.dir in the configuration' });
    return [];
  }
}

/** Usually one; none for what is no migration. Prisma keeps each in a folder of its own. */
function namesIn(dir: string, entry: Dirent, { notes }: Found): [string, FileName][] {
  const path = dir + sep + entry.name;
  if (!entry.name.endsWith('.sql'))
    return entry.isDirectory() && /^\d/.test(entry.name) ? ofPrisma(path, entry.name) : [];
  const parsed = parseFileName(entry.name);
  if (parsed) return [[path, parsed]];
  notes.push({ path, ...passedBy(entry.name) });
  return [];
}

function passedBy(name: string): Omit<Problem, 'path'> {
  if (REPEATABLE.test(name)) {
    const remedy = 'write what it makes as a migration of its own, and a new one when it changes';
    return { what: 'passed by: a repeatable migration of Flyway', remedy };
  }
  if (FLYWAYS_BASELINE.test(name)) {
    return { what: "passed by: Flyway's baseline of a new database", remedy: 'the versioned migrations are applied' };
  }
  return {
    what: 'passed by: the name does not begin with a version',
    remedy: 'if it is a migration, name it <version>_<name>.sql, for example 2025_10_01_060100_create_orders_table.sql',
  };
}

function ofPrisma(folder: string, name: string): [string, FileName][] {
  const parsed = parseFileName(`${name}.sql`);
  const names = readdirSync(folder);
  if (!parsed || !names.includes('migration.sql')) return [];
  return [
    [`${folder}${sep}migration.sql`, { ...parsed, half: 'up' }],
    ...(names.includes('down.sql')
      ? [[`${folder}${sep}down.sql`, { ...parsed, half: 'down' }] as [string, FileName]]
      : []),
  ];
}

function readText(path: string, problems: Problem[]): string | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    // What is not UTF-8 reads as U+FFFD, which a text may also hold of its own.
    if (!text.includes('\ufffd') || isUtf8(readFileSync(path))) return text;
    problems.push({ path, what: 'the file is not UTF-8', remedy: 'save it as UTF-8' });
  } catch (error) {
    problems.push({ path, what: messageOf(error), remedy: 'make the file readable' });
  }
  return undefined;
}

function group(files: readonly SourceFile[]): SourceFile[][] {
  const groups = new Map<string, SourceFile[]>();
  for (const file of files) {
    const name = file.isFlyway ? `${file.version} (Flyway)` : file.baseName;
    const key = file.half ? `${name} (pair)` : name;
    const known = groups.get(key);
    if (known) known.push(file);
    else groups.set(key, [file]);
  }
  return [...groups.values()];
}
