import { allowancesIn, type PhpFile } from '../migrations/laravel/php-files.ts';
import { toComments } from '../migrations/laravel/source-lines.ts';
import { parseSections, parseWhole } from '../migrations/parse.ts';
import type { LexicalModes } from '../migrations/sql/lexer.ts';
import { type SyntaxProblem, splitScript } from '../migrations/sql/split.ts';
import type { Statement } from '../migrations/types.ts';
import { type SessionSettings, settingsFor } from './session.ts';

/** Decided here; the rehearsal knows no such finding. */
export const SIDE_EFFECT = 'php-side-effect';

export interface Sections {
  readonly up: readonly string[];
  /** Undefined: there is no way back that PHP knows. */
  readonly down: readonly string[] | undefined;
}

export interface Connections {
  readonly ours: SessionSettings;
  readonly laravels: SessionSettings;
  readonly modes: LexicalModes;
}

export interface Script {
  readonly text: string;
  readonly problems: readonly SyntaxProblem[];
  readonly up: readonly Statement[];
}

/** PURE: one migration as a text of SQL, which begins with the PHP that it comes from. */
export function toScript(file: PhpFile, { up, down }: Sections, connections: Connections): Script {
  const { modes } = connections;
  const allows = allowancesIn(file).filter(({ name }) => name !== SIDE_EFFECT);
  const parts = [
    toComments(file.text),
    ...allows.map(({ name, reason }) => `-- migrate:allow ${name} ${reason}\n`),
    `-- migrate:up\n${bodyOf(up, connections)}`,
    ...(down === undefined ? [] : [`-- migrate:down\n${bodyOf(down, connections)}`]),
  ];
  const text = parts.join('');
  const parsed = parseSections(text, modes);
  return { text, problems: parsed.problems, up: parsed.sections.up };
}

function bodyOf(statements: readonly string[], { ours, laravels, modes }: Connections): string {
  const body = statements.map((sql) => terminated(sql, modes)).join('');
  const { sections } = parseWhole(body, 'up', modes);
  const settings = settingsFor(sections.up, ours, laravels);
  return [...settings.map((sql) => `${sql};\n`), body].join('');
}

/** PURE: what the server was given as one text, statement by statement. */
export function statementsIn(sql: string, modes: LexicalModes): readonly Statement[] {
  return parseWhole(terminated(sql, modes), 'up', modes).sections.up;
}

const PROGRAM = /^\s*CREATE\b[^;]*?\b(?:TRIGGER|PROCEDURE|FUNCTION|EVENT|PACKAGE)\b/i;

/** The server was given it as one: where it would be read as several, a delimiter of its own holds it together. */
function terminated(sql: string, modes: LexicalModes): string {
  const bare = sql.trim().replace(/;\s*$/, '');
  // What stands behind the last line's comment would be part of it.
  const text = /--|#/.test(bare.slice(bare.lastIndexOf('\n') + 1)) ? `${bare}\n` : bare;
  const pieces = splitScript(`${text};`, modes).pieces.length;
  if (pieces === 1 || !PROGRAM.test(bare)) return `${text};\n`;
  const delimiter = ['//', '$$', ';;'].find((one) => !bare.includes(one)) ?? '//////';
  return `DELIMITER ${delimiter}\n${text}\n${delimiter}\nDELIMITER ;\n`;
}
