import { quoteName } from '../../mysql/quote.ts';
import type { FloatTable } from './float-tables.ts';

/** A row with FLOAT values that a dump tells otherwise; undefined where it tells one as it is. */
export interface ExactRow {
  /** Literals of SQL. */
  readonly key: readonly string[];
  readonly values: readonly ({ readonly told: number; readonly exact: number } | undefined)[];
}

/** More rows in a statement cost more to look through than they save. */
const ROWS_IN_A_STATEMENT = 50;
/** A key of 3072 bytes is written four times. */
const CHARACTERS_IN_A_STATEMENT = 64 * 1024;

/**
 * PURE: statements that give loaded rows the values that they had. A value is replaced only where it is the one that the dump
 * told of that row.
 */
export function updatesOf(table: FloatTable, rows: readonly ExactRow[]): string {
  const statements: string[] = [];
  let batch: ExactRow[] = [];
  let characters = 0;
  for (const row of rows) {
    batch.push(row);
    characters += 4 * row.key.join().length;
    if (batch.length < ROWS_IN_A_STATEMENT && characters < CHARACTERS_IN_A_STATEMENT) continue;
    statements.push(updateOf(table, batch));
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) statements.push(updateOf(table, batch));
  return statements.join('');
}

function updateOf({ name, key, floats, selfUpdating }: FloatTable, rows: readonly ExactRow[]): string {
  const keys = rows.map((row) =>
    key.map((column, index) => `${quoteName(column.name)} = ${row.key[index]}`).join(' AND '),
  );
  const changes = floats.flatMap((column, place) => {
    const cases = rows.flatMap(({ values }, index) => {
      const value = values[place];
      return value
        ? [`WHEN ${keys[index]} AND ${quoteName(column)} = ${literal(value.told)} THEN ${literal(value.exact)}`]
        : [];
    });
    return cases.length > 0 ? [`${quoteName(column)} = CASE ${cases.join(' ')} ELSE ${quoteName(column)} END`] : [];
  });
  const kept = selfUpdating.map((column) => `${quoteName(column)} = ${quoteName(column)}`);
  const [first] = key;
  const where =
    key.length === 1 && first
      ? `${quoteName(first.name)} IN (${rows.map((row) => row.key[0]).join(', ')})`
      : keys.map((one) => `(${one})`).join(' OR ');
  return `UPDATE ${quoteName(name)} SET ${[...changes, ...kept].join(', ')} WHERE ${where};\n`;
}

/** As a DOUBLE, whatever the server would take the digits for. */
function literal(value: number): string {
  const digits = String(value);
  return digits.includes('e') ? digits : `${digits}e0`;
}
