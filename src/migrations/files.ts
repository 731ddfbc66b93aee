import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { messageOf } from '../errors.ts';
import { checksumOf } from './checksum.ts';
import { compareVersions, type FileName, parseFileName } from './file-name.ts';
import { type ParsedFile, parseSections, parseWhole } from './parse.ts';
import type { LexicalModes } from './sql/lexer.ts';
import { unparsed } from './sql/unparsed.ts';
import type { Migration } from './types.ts';

/** Something wrong with a migration's file: found before anything is started. */
export interface Problem {
  readonly path: string;
  /** 1-based; absent when the whole file is meant. */
  readonly line?: number | undefined;
  readonly what: string;
  readonly remedy: string;
}

export interface MigrationFolder {
  /** Sorted by version; a file with problems may be missing or incomplete. */
  readonly migrations: readonly Migration[];
  readonly problems: readonly Problem[];
}

interface SourceFile extends FileName {
  readonly path: string;
  readonly text: string;
}

/** What is known of a file before it is read. */
interface Circumstances {
  /** The server's, where its sql_mode says NO_BACKSLASH_ESCAPES or ANSI_QUOTES. */
  readonly modes?: LexicalModes | undefined;
  /** Checksums of the applied files, by version: what was parsed when it was applied is parsed again only if asked. */
  readonly applied?: ReadonlyMap<string, string> | undefined;
}

/**
 * Reads all migrations of a folder and everything that is wrong with them. Never throws: a folder that cannot be read
 * is a problem too.
 */
export async function readMigrations(dir: string, { modes, applied }: Circumstances = {}): Promise<MigrationFolder> {
  const problems: Problem[] = [];
  const migrations: Migration[] = [];
  for (const files of groupByBaseName(readFolder(dir, problems))) {
    const known = applied && findApplied(files, applied, modes);
    const migration =
      known ?? (files.some((file) => file.half) ? toPair(files, problems, modes) : toSingle(files, problems, modes));
    if (migration) migrations.push(migration);
  }
  migrations.sort((a, b) => compareVersions(a.version, b.version) || (a.baseName < b.baseName ? -1 : 1));
  problems.push(...findDuplicates(migrations));
  return { migrations, problems };
}

/** Read one after another: 500 small files take 10 ms, less than parsing them. */
function readFolder(dir: string, problems: Problem[]): SourceFile[] {
  const files: SourceFile[] = [];
  for (const fileName of listFolder(dir, problems)) {
    const path = dir + sep + fileName;
    const parsed = parseFileName(fileName);
    if (!parsed) {
      problems.push({
        path,
        what: 'the name does not begin with a version',
        remedy: 'name it <version>_<name>.sql, for example 2025_10_01_060100_create_orders_table.sql',
      });
      continue;
    }
    const text = readText(path, problems);
    if (text !== undefined) files.push({ ...parsed, path, text });
  }
  return files;
}

function listFolder(dir: string, problems: Problem[]): string[] {
  try {
    return readdirSync(dir)
      .filter((name) => name.endsWith('.sql') && !name.startsWith('.'))
      .sort();
  } catch (error) {
    problems.push({ path: dir, what: messageOf(error), remedy: 'check migrations.dir in the configuration' });
    return [];
  }
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

function groupByBaseName(files: readonly SourceFile[]): SourceFile[][] {
  const groups = new Map<string, SourceFile[]>();
  for (const file of files) {
    const key = file.half ? `${file.baseName} (pair)` : file.baseName;
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  return [...groups.values()];
}

/** The migration that was applied from just this file, not parsed yet: that is most of the time a folder takes to read. */
function findApplied(
  [file, ...others]: readonly SourceFile[],
  applied: ReadonlyMap<string, string>,
  modes?: LexicalModes,
): Migration | undefined {
  if (file === undefined || file.half || others.length > 0) return undefined;
  const { version, name, baseName, path, text } = file;
  const checksum = applied.get(version);
  if (checksum === undefined || checksumOf(text) !== checksum) return undefined;
  return unparsed({ version, name, baseName, path, checksum, text }, modes);
}

function toSingle(files: readonly SourceFile[], problems: Problem[], modes?: LexicalModes): Migration | undefined {
  const file = files[0];
  if (!file) return undefined;
  const parsed = parseSections(file.text, modes);
  problems.push(...parsed.problems.map((problem) => ({ path: file.path, ...problem })));
  if (!parsed.present.has('up')) {
    problems.push({
      path: file.path,
      what: 'there is no section -- migrate:up',
      remedy: 'put the line -- migrate:up above the statements to apply',
    });
  } else problems.push(...findEmptyUp(file.path, parsed));
  return toMigration(file, file.text, parsed.sections, parsed.allows);
}

function toPair(files: readonly SourceFile[], problems: Problem[], modes?: LexicalModes): Migration | undefined {
  const up = files.find((file) => file.half === 'up');
  const down = files.find((file) => file.half === 'down');
  const parsedDown = down && parseWhole(down.text, 'down', modes);
  if (down && parsedDown) problems.push(...parsedDown.problems.map((problem) => ({ path: down.path, ...problem })));
  if (!up) {
    const path = down?.path ?? '';
    problems.push({ path, what: 'its .up.sql is missing', remedy: `add ${down?.baseName}.up.sql beside it` });
    return undefined;
  }
  const parsedUp = parseWhole(up.text, 'up', modes);
  problems.push(
    ...parsedUp.problems.map((problem) => ({ path: up.path, ...problem })),
    ...findEmptyUp(up.path, parsedUp),
  );
  const text = joinPair(up.text, down?.text);
  const allows = [...parsedUp.allows, ...(parsedDown?.allows ?? [])];
  return toMigration(up, text, { ...parsedUp.sections, down: parsedDown?.sections.down ?? [] }, allows);
}

function joinPair(up: string, down: string | undefined): string {
  const sections = [
    `-- migrate:up\n${body(up)}\n`,
    ...(down === undefined ? [] : [`-- migrate:down\n${body(down)}\n`]),
  ];
  return sections.join('');
}

function body(text: string): string {
  return text.replace(/^\ufeff/, '').replace(/[ \t\r\n]+$/, '');
}

function findEmptyUp(path: string, parsed: ParsedFile): Problem[] {
  if (parsed.sections.up.length > 0) return [];
  return [{ path, what: 'there is nothing to apply', remedy: 'write at least one statement, or remove the file' }];
}

function toMigration(
  file: SourceFile,
  text: string,
  sections: ParsedFile['sections'],
  allows: ParsedFile['allows'],
): Migration {
  const { version, name, baseName, path } = file;
  return { version, name, baseName, path, checksum: checksumOf(text), text, ...sections, allows };
}

function findDuplicates(migrations: readonly Migration[]): Problem[] {
  return migrations.flatMap((migration, index) => {
    const earlier = migrations[index - 1];
    if (earlier === undefined || compareVersions(earlier.version, migration.version) !== 0) return [];
    return [
      {
        path: migration.path,
        what: `version ${migration.version} is also that of ${earlier.path}`,
        remedy: 'rename one of the two files',
      },
    ];
  });
}
