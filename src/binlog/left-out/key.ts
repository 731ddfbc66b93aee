import { createHash } from 'node:crypto';
import type { RowValues } from '../events/row-values.ts';
import type { ColumnLayout, KeyLayout, TableLayout } from './layout.ts';

/** A key by which two rows are compared: equal for rows that the server takes for one. Short ones are numbers, to need little memory. */
export type RowKey = number | string;

const LONGEST_NUMBER_BYTES = 6;
const LONGEST_TEXT = 40;

/** PURE: undefined where a value is NULL, which no key holds twice, or where the image does not have it. */
export function keyOfRow(
  row: RowValues,
  key: KeyLayout,
  { columns }: Pick<TableLayout, 'columns'>,
): RowKey | undefined {
  const parts: Buffer[] = [];
  for (const { at, prefix } of key.parts) {
    const value = row[at];
    const column = columns[at];
    if (!value || !column) return undefined;
    parts.push(comparable(value, column, prefix));
  }
  return packed(parts);
}

/** PURE: of a row that nothing but all its values tells from others. */
export function keyOfWhole(row: RowValues): RowKey {
  return packed(row.map((value) => (value ? value : Buffer.of(value === null ? 0 : 1, 255))));
}

/** Columns of a foreign key, and those that it leads to, give the same key for the same values. */
export function keyOfColumns(row: RowValues, places: readonly number[], layout: TableLayout): RowKey | undefined {
  return keyOfRow(row, { name: '', parts: places.map((at) => ({ at, prefix: undefined })) }, layout);
}

/** PURE: is there a value that the image does not have? */
export function lacks(row: RowValues, places: readonly number[]): boolean {
  return places.some((at) => row[at] === undefined);
}

function packed(parts: readonly Buffer[]): RowKey {
  const [first] = parts;
  if (parts.length === 1 && first && first.length > 0 && first.length <= LONGEST_NUMBER_BYTES) {
    // The length keeps a number of one byte from that of four.
    return first.length * 2 ** 48 + first.readUIntLE(0, first.length);
  }
  const framed = Buffer.concat(parts.flatMap((part) => [Buffer.from(`${part.length}:`), part]));
  if (framed.length <= LONGEST_TEXT) return framed.toString('latin1');
  return createHash('sha256').update(framed).digest('base64');
}

function comparable(value: Buffer, column: ColumnLayout, prefix: number | undefined): Buffer {
  if (column.charset === undefined || !isText(column)) {
    return prefix === undefined ? value : value.subarray(0, prefix);
  }
  const text = textOf(value, column);
  const cut = prefix === undefined ? text : Array.from(text).slice(0, prefix).join('');
  return Buffer.from(column.isFolded ? folded(cut) : cut, 'utf8');
}

export function isText({ type }: ColumnLayout): boolean {
  return /^(?:char|varchar|(?:tiny|medium|long)?text)$/.test(type);
}

export function textOf(value: Buffer, { charset }: ColumnLayout): string {
  return value.toString(/^utf8/.test(charset ?? '') ? 'utf8' : 'latin1');
}

/** What most collations take for one: they tell letters apart, but not their case, their accents or spaces behind them. */
function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase().replace(/ +$/, '');
}
