import { quoteName } from '../../../mysql/quote.ts';
import type { FloatTable } from './float-tables.ts';

/** A row with FLOAT values that a dump tells otherwise; undefined where it tells one as it is. */
export interface ExactRow {
  /** Literals of SQL. */
  readonly key: readonly string[];
  readonly values: readonly ({ readonly told: number; readonly exact: number } | undefined)[];
}

/** More rows in a statement cost more to look through than they save. */
const ROWS_IN_A_STATEMENT = 50;
/** Each commit by itself waits for the disk; a transaction of all would be as long as the table. */
const STATEMENTS_IN_A_TRANSACTION = 200;
/** Far below the smallest packet that a server is set to. */
const CHARACTERS_IN_A_STATEMENT = 64 * 1024;

/**
 * PURE: statements that give loaded rows the values that they had. A value is replaced only where it is the one that the dump
 * told of that row. The same rows make the same statements, however they come: what fills no statement waits for more.
 */
export class FloatUpdates {
  readonly #table: FloatTable;
  #batch: ExactRow[] = [];
  #characters = 0;
  /** Of the transaction that is open. */
  #statements = 0;

  constructor(table: FloatTable) {
    this.#table = table;
  }

  /** Statements that are full. */
  add(rows: readonly ExactRow[]): string {
    return rows
      .flatMap((row) => split(this.#table, row))
      .map(({ row, characters }) => {
        const isFull =
          this.#batch.length >= ROWS_IN_A_STATEMENT || this.#characters + characters > CHARACTERS_IN_A_STATEMENT;
        const full = isFull ? this.#statement() : '';
        this.#batch.push(row);
        this.#characters += characters;
        return full;
      })
      .join('');
  }

  /** The last statement, and the end of the last transaction; empty where nothing waits. */
  rest(): string {
    const last = this.#statement();
    return this.#statements > 0 ? `${last}${this.#commit()}` : last;
  }

  #statement(): string {
    if (this.#batch.length === 0) return '';
    const statement = updateOf(this.#table, this.#batch);
    this.#batch = [];
    this.#characters = 0;
    const begin = this.#statements++ === 0 ? 'START TRANSACTION;\n' : '';
    const end = this.#statements >= STATEMENTS_IN_A_TRANSACTION ? this.#commit() : '';
    return `${begin}${statement}${end}`;
  }

  #commit(): string {
    this.#statements = 0;
    return 'COMMIT;\n';
  }
}

interface Part {
  readonly row: ExactRow;
  /** Of SQL, roughly. */
  readonly characters: number;
}

/** A row of so many columns that one statement would be too long, as several with a part of the values each. */
function split({ key, floats }: FloatTable, row: ExactRow): Part[] {
  const keyLength = row.key.join().length + key.reduce((sum, { name }) => sum + name.length + 12, 0);
  const parts: Part[] = [];
  let [values, characters]: [ExactRow['values'][number][], number] = [[], keyLength];
  for (const [place, value] of row.values.entries()) {
    const more = value ? keyLength + 4 * (floats[place]?.length ?? 0) + 100 : 0;
    if (characters + more > CHARACTERS_IN_A_STATEMENT && values.some((one) => one !== undefined)) {
      parts.push({ row: { key: row.key, values }, characters });
      [values, characters] = [Array.from({ length: place }, () => undefined), keyLength];
    }
    values.push(value);
    characters += more;
  }
  return [...parts, { row: { key: row.key, values }, characters }];
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
