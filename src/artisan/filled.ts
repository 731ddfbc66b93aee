import type { LexicalModes } from '../migrations/sql/lexer.ts';
import { Tokens, unquote } from '../migrations/sql/tokens.ts';
import type { Statement } from '../migrations/types.ts';
import { foldName } from '../mysql/name.ts';
import { statementsIn } from './script.ts';

interface Known {
  isInProduction(table: string): boolean;
  readonly modes: LexicalModes;
}

/**
 * Knows the tables whose rows are not on the clone: production's own, and those of the migrations that get theirs from them, by
 * another name (RENAME), by INSERT … SELECT, as a view. Statements are followed in the order in which they were sent.
 */
export function followRows({ isInProduction, modes }: Known) {
  const filled = new Set<string>();
  const dependsOnProduction = (table: string) => filled.has(foldName(table)) || isInProduction(table);
  return {
    dependsOnProduction,
    follow(sql: string): void {
      for (const statement of statementsIn(sql, modes)) {
        if (!bringsRows(statement) || !namesIn(statement.text).some(dependsOnProduction)) continue;
        for (const table of tablesOf(statement)) filled.add(foldName(table));
      }
    },
  };
}

/** Definitions that refer to a table, by a foreign key or LIKE, take none of its rows. */
function bringsRows({ kind, verb, text }: Statement): boolean {
  if (kind === 'dml' || verb.startsWith('RENAME')) return true;
  return /\b(?:SELECT|RENAME|TABLE\s+`)/i.test(text.replace(/^\s*\w+\s+TABLE/i, ''));
}

function namesIn(text: string): string[] {
  const tokens = new Tokens(text);
  const names: string[] = [];
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (token.kind === 'name' || token.kind === 'word') names.push(unquote(token));
  }
  return names;
}

function tablesOf({ touches, writes }: Statement): string[] {
  const touched = touches.flatMap(({ object, to }) => (to === undefined ? [object] : [object, to]));
  return [...writes, ...touched.map((id) => id.slice(id.indexOf(':') + 1))];
}
