import type { PhpFile } from '../migrations/laravel/php-files.ts';
import type { LexicalModes } from '../migrations/sql/lexer.ts';
import { Tokens } from '../migrations/sql/tokens.ts';
import { namesDatabase } from '../schema/text.ts';
import { type Answer, type Direction, decode, type Heard, isText } from './answers.ts';
import { followRows } from './filled.ts';
import { rowsReadBy } from './reads.ts';
import { caught, endedEarly, explain, notText, type Refusal, readsRows, rolledBack } from './refusals.ts';
import { toScript } from './script.ts';
import type { SessionSettings } from './session.ts';

export interface Around {
  /** What a connection of ours to production begins with. */
  readonly ours: SessionSettings;
  readonly modes: LexicalModes;
  /** Names of production's tables and views, as `isInProduction(name)`. */
  isInProduction(table: string): boolean;
  /** The clone's name where that is not production's. */
  readonly clone: string | undefined;
  /** The last of what PHP wrote to standard error. */
  readonly said: string;
}

export interface Translated {
  /** SQL of each migration, by version; empty when there is a refusal. */
  readonly texts: ReadonlyMap<string, string>;
  readonly refusals: readonly Refusal[];
  /** Worth knowing. */
  readonly notes: readonly { readonly version: string; readonly text: string }[];
}

/** PURE: what PHP has told, made into migrations of SQL; or why it cannot be. */
export function judge(files: readonly PhpFile[], { answers }: Heard, around: Around): Translated {
  const refusals = [...findRefusals(files, answers, around)];
  const notes = notesIn(answers);
  const session = answers.find((one) => one.type === 'session');
  if (refusals.length > 0 || !session) return { texts: new Map(), refusals, notes };
  const texts = new Map<string, string>();
  for (const file of files) {
    const sections = { up: statementsOf(answers, file.baseName, 'up'), down: downOf(answers, file) };
    const script = toScript(file, sections, { ours: around.ours, laravels: session, modes: around.modes });
    texts.set(file.baseName, script.text);
    refusals.push(
      ...script.problems.map(({ what, remedy }) => ({
        version: file.baseName,
        name: 'cannot-be-applied',
        what,
        remedy,
      })),
      ...namesClone([...sections.up, ...(sections.down ?? [])], file.baseName, around.clone),
    );
  }
  return { texts: refusals.length > 0 ? new Map() : texts, refusals, notes };
}

function* findRefusals(files: readonly PhpFile[], answers: readonly Answer[], around: Around): Generator<Refusal> {
  const rows = followRows(around);
  for (const one of answers) {
    if (one.type === 'statement' && !isText(one.sql)) yield notText(one.version, one.direction, decode(one.sql));
    if (one.type === 'statement') rows.follow(decode(one.sql));
    if (one.type === 'refused' && !isHarmlessDown(one, answers)) yield explain(one);
    if (one.type === 'read') {
      const from = rowsReadBy(decode(one.sql), rows.dependsOnProduction);
      if (from !== undefined) yield readsRows(one.version, one.direction, decode(one.sql), from);
    }
    // One that failed and was not caught is told by how the migration ended.
    if (one.type === 'failed' && hasRun(answers, one) && !isSchemaAlone(decode(one.sql)))
      yield caught(one.version, one.direction, decode(one.sql), one.error);
    if (one.type === 'rollback' && hasRun(answers, one)) yield rolledBack(one.version, one.direction);
  }
  if (!answers.some(({ type }) => type === 'end')) {
    const open = files.find((file) => !hasRun(answers, { version: file.baseName, direction: 'up' }));
    yield endedEarly(open?.baseName ?? files[0]?.baseName ?? '', around.said);
  }
}

/** The clone's name would be sent to production. */
function namesClone(statements: readonly string[], version: string, clone: string | undefined): Refusal[] {
  const found =
    clone === undefined ? undefined : statements.find((sql) => namesDatabase(sql, clone) || quotes(sql, clone));
  if (found === undefined || clone === undefined) return [];
  return [
    {
      version,
      name: 'names-a-database',
      what: `it puts the name of its database into a statement, and that is ${clone} where it is translated`,
      remedy: 'leave the name out: without one the current database is meant',
    },
  ];
}

/** As a name, or as a text that a statement may be made of, or that the catalogue is asked with. */
function quotes(sql: string, name: string): boolean {
  return ['`', "'", '"'].some((quote) => sql.includes(`${quote}${name}${quote}`));
}

function hasRun(answers: readonly Answer[], { version, direction }: { version: string; direction: string }): boolean {
  return answers.some((one) => one.type === 'ran' && one.version === version && one.direction === direction);
}

/** It failed before it sent anything: then there is no way back by PHP, as its author says. */
function isHarmlessDown(
  { direction, version, rule }: Extract<Answer, { type: 'refused' }>,
  answers: readonly Answer[],
) {
  return direction === 'down' && rule === 'fails' && statementsOf(answers, version, 'down').length === 0;
}

const SCHEMA = new Set(['CREATE', 'ALTER', 'DROP', 'RENAME']);

/** The clone has production's schema: what the server refused here it refuses there, and nothing came of it. */
function isSchemaAlone(sql: string): boolean {
  return SCHEMA.has(new Tokens(sql).keyword());
}

function statementsOf(answers: readonly Answer[], version: string, direction: Direction): string[] {
  return answers.flatMap((one) =>
    one.type === 'statement' && one.version === version && one.direction === direction ? [decode(one.sql)] : [],
  );
}

function downOf(answers: readonly Answer[], file: PhpFile): string[] | undefined {
  const statements = statementsOf(answers, file.baseName, 'down');
  return statements.length === 0 ? undefined : statements;
}

function notesIn(answers: readonly Answer[]): Translated['notes'] {
  return answers.flatMap((one) => {
    if (one.type === 'output') return [{ version: one.version, text: decode(one.text).trimEnd() }];
    if (one.type === 'failed' && hasRun(answers, one) && isSchemaAlone(decode(one.sql)))
      return [{ version: one.version, text: `a statement that fails and is caught is left out: ${one.error}` }];
    if (one.type === 'refused' && isHarmlessDown(one, answers))
      return [{ version: one.version, text: `its down() fails, so that nothing leads back by it: ${one.message}` }];
    return [];
  });
}
