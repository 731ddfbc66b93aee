import { textLiteral } from '../../mysql/literal.ts';
import type { Column } from '../../schema/types.ts';
import { integerRange, parseColumnType } from '../values/column-type.ts';

/** Far above what production counts to, so that rows of a backup are not in the way. */
const HIGH = 2_000_000_000n;

/**
 * A value for a column as SQL; another for another `number` (1 to 9) where the type has room for it. `isKey`: part of a
 * primary or unique key. Undefined for types that no value is known for.
 */
export function valueFor(column: Column, number: number, isKey: boolean): string | undefined {
  const type = parseColumnType(column.type);
  const range = integerRange(type);
  if (range) return integer(range[1], number, isKey);
  const length = type.sizes[0] ?? 1;
  if (/^(?:var)?char$/.test(type.base)) return textLiteral(text(length, number));
  if (/text$/.test(type.base)) return textLiteral(`probe ${number}`);
  if (type.base === 'enum' || type.base === 'set') return textLiteral(type.members[0] ?? '');
  if (/^(?:var)?binary$|blob$/.test(type.base)) {
    return `X'${number.toString(16).padStart(type.base === 'binary' ? 2 * length : 2, '0')}'`;
  }
  return ofBase(type.base, number, isKey);
}

function integer(max: bigint, number: number, isKey: boolean): string {
  if (!isKey) return '1';
  const base = max > HIGH ? HIGH : max - 20n;
  return String(base + BigInt(number));
}

/** 36 characters are a UUID. */
function text(length: number, number: number): string {
  if (length === 36) return `00000000-0000-4000-8000-00000000000${number}`;
  return `gateway-migrate-probe-${number}`.slice(-Math.max(1, length));
}

function ofBase(base: string, number: number, isKey: boolean): string | undefined {
  const values: Record<string, string> = {
    decimal: isKey ? String(number) : '1',
    float: isKey ? String(number) : '1',
    double: isKey ? String(number) : '1',
    bit: `b'1'`,
    json: `'{}'`,
    date: `'2030-01-0${number}'`,
    datetime: `'2030-01-0${number} 10:00:00'`,
    timestamp: `'2030-01-0${number} 10:00:00'`,
    time: `'10:00:0${number}'`,
    year: '2030',
    uuid: textLiteral(text(36, number)),
    inet4: `'10.0.0.${number}'`,
    inet6: `'::${number}'`,
    point: `ST_GeomFromText('POINT(${number} 1)')`,
    geometry: `ST_GeomFromText('POINT(${number} 1)')`,
    linestring: `ST_GeomFromText('LINESTRING(0 0, ${number} 1)')`,
    polygon: `ST_GeomFromText('POLYGON((0 0, 0 ${number}, ${number} ${number}, 0 0))')`,
  };
  return values[base];
}
