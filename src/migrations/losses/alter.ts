import { enterAlter } from '../sql/alter-actions.ts';
import { Tokens } from '../sql/tokens.ts';
import type { Loss } from './loss.ts';
import { isWidening } from './narrowing.ts';

const NO_COLUMN = ['INDEX', 'KEY', 'FOREIGN', 'PRIMARY', 'CHECK', 'CONSTRAINT', 'PERIOD'];

/** PURE: what the actions of an ALTER TABLE take from rows. `definition`: SHOW CREATE TABLE from before it. */
export function alterLosses(text: string, table: string, definition: string | undefined): Loss[] {
  const tokens = new Tokens(text);
  enterAlter(tokens);
  const losses: Loss[] = [];
  do {
    losses.push(...actionLosses(tokens, text, table, columnLines(definition)));
  } while (tokens.seek(',') && tokens.next());
  return losses;
}

function actionLosses(tokens: Tokens, text: string, table: string, columns: Columns): Loss[] {
  if (tokens.take('DROP')) return dropLosses(tokens, table, columns);
  if (tokens.take('MODIFY')) {
    tokens.take('COLUMN');
    tokens.take('IF', 'EXISTS');
    const name = tokens.name()?.name ?? '';
    return changeLosses(tokens, text, table, name, columns);
  }
  if (tokens.take('CHANGE')) {
    tokens.take('COLUMN');
    tokens.take('IF', 'EXISTS');
    const name = tokens.name()?.name ?? '';
    tokens.name();
    return changeLosses(tokens, text, table, name, columns);
  }
  if (tokens.take('CONVERT', 'TO')) {
    const isWide = tokens.seek('UTF8MB4', ',') && tokens.keyword() === 'UTF8MB4';
    return isWide ? [] : [{ table, what: `texts of ${table}`, isCertain: false }];
  }
  return [];
}

function dropLosses(tokens: Tokens, table: string, columns: Columns): Loss[] {
  if (tokens.take('PARTITION')) return [{ table, what: `rows of a partition of ${table}`, isCertain: true }];
  if (tokens.take('SYSTEM')) return [{ table, what: `history of ${table}`, isCertain: true }];
  if (NO_COLUMN.includes(tokens.keyword())) return [];
  tokens.take('COLUMN');
  const isConditional = tokens.take('IF', 'EXISTS');
  const name = tokens.name()?.name ?? '';
  const line = columns.get(name.toLowerCase());
  if (isConditional && columns.size > 0 && line === undefined) return [];
  // Worked out from the other columns, which are there.
  if (line !== undefined && /\bGENERATED ALWAYS AS\b/i.test(line)) return [];
  return [{ table, what: `column ${name} of ${table}`, isCertain: true, column: name }];
}

/** The tokens stand behind the column's new name. */
function changeLosses(tokens: Tokens, text: string, table: string, name: string, columns: Columns): Loss[] {
  const before = columns.get(name.toLowerCase());
  const start = tokens.peek()?.start ?? text.length;
  const end = tokens.seek(',') ? (tokens.peek()?.start ?? text.length) : text.length;
  const width = before === undefined ? 'narrower' : isWidening(before, text.slice(start, end));
  if (width === 'as wide') return [];
  return [{ table, what: `column ${name} of ${table}`, isCertain: width === 'narrower' }];
}

/** Name in lower case → what stands behind it in the definition. */
type Columns = ReadonlyMap<string, string>;

function columnLines(definition: string | undefined): Columns {
  const lines = (definition ?? '').split('\n').map((line) => line.trim().replace(/,$/, ''));
  const columns = lines.flatMap((line): [string, string][] => {
    const name = /^`((?:[^`]|``)+)` (.*)$/.exec(line);
    return name ? [[(name[1] ?? '').replaceAll('``', '`').toLowerCase(), name[2] ?? '']] : [];
  });
  return new Map(columns);
}
