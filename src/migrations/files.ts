import { checksumOf } from './checksum.ts';
import { compareVersions } from './file-name.ts';
import { type ParsedFile, parseSections, parseWhole } from './parse.ts';
import { type Problem, readSourceFiles, type SourceFile } from './source-files.ts';
import type { LexicalModes } from './sql/lexer.ts';
import { unparsed } from './sql/unparsed.ts';
import { isUnwritten } from './template.ts';
import type { Migration, Statement } from './types.ts';

export interface MigrationFolder {
  /** Sorted by version; a file with problems may be missing or incomplete. */
  readonly migrations: readonly Migration[];
  readonly problems: readonly Problem[];
  /** What is passed by, or means less than its author may think. */
  readonly notes: readonly Problem[];
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
  const reading: Reading = { problems: [], notes: [], modes };
  const migrations: Migration[] = [];
  for (const files of readSourceFiles(dir, reading)) {
    const known = applied && findApplied(files, applied, modes);
    const migration = known ?? (files.some((file) => file.half) ? toPair(files, reading) : toSingle(files, reading));
    if (migration) migrations.push(migration);
  }
  migrations.sort((a, b) => compareVersions(a.version, b.version) || (a.baseName < b.baseName ? -1 : 1));
  const { problems, notes } = reading;
  problems.push(...findDuplicates(migrations));
  return { migrations, problems, notes };
}

interface Reading {
  readonly problems: Problem[];
  readonly notes: Problem[];
  readonly modes: LexicalModes | undefined;
}

/**
 * The migration that was applied from just this file, or pair, not parsed yet: that is most of the time a folder takes to
 * read. What is wrong with it is nobody's concern any more, for it may be another tool that has applied it.
 */
function findApplied(
  files: readonly SourceFile[],
  applied: ReadonlyMap<string, string>,
  modes?: LexicalModes,
): Migration | undefined {
  const { up, down } = halvesOf(files);
  const file = up ?? files[0];
  const checksum = file && applied.get(file.version);
  if (file === undefined || checksum === undefined || (down && !up)) return undefined;
  if (files.length !== (up ? (down ? 2 : 1) : 1)) return undefined;
  const text = up ? joinPair(up.text, down?.text) : file.text;
  if (checksumOf(text) !== checksum) return undefined;
  const { version, name, baseName, path } = file;
  return unparsed({ version, name, baseName, path, checksum, text }, modes);
}

function halvesOf(files: readonly SourceFile[]) {
  return { up: files.find((file) => file.half === 'up'), down: files.find((file) => file.half === 'down') };
}

function toSingle(files: readonly SourceFile[], reading: Reading): Migration | undefined {
  const { problems, modes } = reading;
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
  } else noteEmptyUp(file, parsed, reading);
  return toMigration(file, file.text, parsed.sections, parsed.allows);
}

function toPair(files: readonly SourceFile[], reading: Reading): Migration | undefined {
  const { problems, modes } = reading;
  const { up, down } = halvesOf(files);
  const parsedDown = down && parseWhole(down.text, 'down', modes);
  if (down && parsedDown) problems.push(...parsedDown.problems.map((problem) => ({ path: down.path, ...problem })));
  if (!up) {
    const path = down?.path ?? '';
    const missing = down?.isFlyway ? down.baseName.replace('U', 'V') : `${down?.baseName}.up`;
    problems.push({ path, what: 'what it undoes is missing', remedy: `add ${missing}.sql beside it` });
    return undefined;
  }
  const parsedUp = parseWhole(up.text, 'up', modes);
  problems.push(...parsedUp.problems.map((problem) => ({ path: up.path, ...problem })));
  if (up.isFlyway) problems.push(...findPlaceholders(up.path, parsedUp.sections.up));
  noteEmptyUp(up, parsedUp, reading);
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

/** Other tools take it: what was for another server has an empty file here. What `new` has written is meant to be filled. */
function noteEmptyUp({ path, text }: SourceFile, parsed: ParsedFile, { problems, notes }: Reading): void {
  if (parsed.sections.up.length > 0) return;
  if (isUnwritten(text)) {
    problems.push({
      path,
      what: 'there is nothing to apply',
      remedy: 'write at least one statement, or remove the file',
    });
  } else notes.push({ path, what: 'there is nothing to apply', remedy: 'it is noted as applied' });
}

const PLACEHOLDER = /\$\{[\w.:-]+\}/;

/** Flyway fills them in before the server sees them. */
function findPlaceholders(path: string, statements: readonly Statement[]): Problem[] {
  return statements.flatMap(({ text, line }) => {
    const placeholder = PLACEHOLDER.exec(text)?.[0];
    if (placeholder === undefined) return [];
    return [
      { path, line, what: `Flyway's placeholder ${placeholder} is not filled in`, remedy: 'write its value there' },
    ];
  });
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
