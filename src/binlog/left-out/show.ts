import type { RowValues } from '../events/row-values.ts';
import { isText, textOf } from './key.ts';
import type { ColumnLayout, TableLayout } from './layout.ts';

const LONGEST_VALUE = 60;
const LONGEST_ROW = 240;
export const INTEGERS: ReadonlySet<string> = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint']);

/** PURE: `id=5 name='Anna'`. What is no number and no text is shown as its bytes in the log. */
export function describeRow(row: RowValues, { columns }: TableLayout, places?: readonly number[]): string {
  const shown = row.flatMap((value, at) => {
    const column = columns[at];
    if (!column || value === undefined || (places && !places.includes(at))) return [];
    return [`${column.name}=${describeValue(value, column)}`];
  });
  return cut(shown.join(' '), LONGEST_ROW);
}

/** PURE: the columns that tell the row from others. */
export function describeKey(row: RowValues, layout: TableLayout): string {
  return describeRow(
    row,
    layout,
    layout.primary?.parts.map(({ at }) => at),
  );
}

function describeValue(value: Buffer | null, column: ColumnLayout): string {
  if (value === null) return 'NULL';
  if (INTEGERS.has(column.type)) return integerOf(value, column).toString();
  if (isText(column)) return `'${cut(textOf(value, column), LONGEST_VALUE)}'`;
  if (column.type === 'datetime' && value.length === 5) return dateTime(value);
  return cut(`0x${value.toString('hex')}`, LONGEST_VALUE);
}

/** PURE: as a row of the log has it. */
export function integerOf(value: Buffer, { isUnsigned }: ColumnLayout): bigint {
  const bits = value.length * 8;
  const number = value.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return isUnsigned ? number : BigInt.asIntN(bits, number);
}

/** 17 bits of year × 13 + month, 5 of the day, 5, 6 and 6 of the time, above the middle of the range (`my_datetime_packed_to_binary`). */
function dateTime(value: Buffer): string {
  const packed = value.readUIntBE(0, 5) - 2 ** 39;
  const two = (n: number) => String(n).padStart(2, '0');
  const [ymd, hms] = [Math.floor(packed / 2 ** 17), packed % 2 ** 17];
  const months = Math.floor(ymd / 32);
  const day = `${Math.floor(months / 13)}-${two(months % 13)}-${two(ymd % 32)}`;
  return `'${day} ${two(Math.floor(hms / 4096))}:${two(Math.floor(hms / 64) % 64)}:${two(hms % 64)}'`;
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
