import { textLiteral } from '../../mysql/literal.ts';
import { type ColumnType, integerRange, parseColumnType, textBytes } from '../values/column-type.ts';

/** A condition on a column's values that is true for those that the new type cannot hold as they are. */
export interface Misfit {
  readonly condition: string;
  /** In strict mode the server refuses such rows, or it changes them without a word. */
  readonly outcome: 'refused' | 'changed';
}

/** `value` is the column, quoted. No misfit where every value of the old type fits. */
export function misfitsOf(before: string, after: string, value: string): Misfit[] {
  const [from, to] = [parseColumnType(before), parseColumnType(after)];
  const refused = refusedWhen(from, to, value);
  const changed = changedWhen(from, to, value);
  return [
    ...(refused === undefined ? [] : [{ condition: refused, outcome: 'refused' } as const]),
    ...(changed === undefined ? [] : [{ condition: changed, outcome: 'changed' } as const]),
  ];
}

function refusedWhen(from: ColumnType, to: ColumnType, value: string): string | undefined {
  if (integerRange(to)) return outsideRange(from, to, value);
  if (/^(?:var)?(?:char|binary)$/.test(to.base)) return longerThan(from, to, value);
  const bytes = textBytes(to);
  if (bytes !== undefined) return (textBytes(from) ?? 0) > bytes ? `OCTET_LENGTH(${value}) > ${bytes}` : undefined;
  if (to.base === 'enum') return notAMember(from, to, value);
  if (to.base === 'set') return hasRemovedMember(from, to, value);
  if (to.base === 'decimal') return outsideDecimal(from, to, value);
  if (/^(?:date|datetime|timestamp)$/.test(to.base)) return noSuchTime(from, to, value);
  if (to.base === 'year') return notAYear(from, value);
  if (to.base === 'bit') return moreThanBits(from, to, value);
  if (to.base === 'json' && from.base !== 'json') return `JSON_VALID(${value}) = 0`;
  return undefined;
}

function changedWhen(from: ColumnType, to: ColumnType, value: string): string | undefined {
  const scale = integerRange(to) ? 0 : to.base === 'decimal' ? (to.sizes[1] ?? 0) : undefined;
  const isFractional = /^(?:float|double)$/.test(from.base) || (from.base === 'decimal' && (from.sizes[1] ?? 0) > 0);
  if (scale !== undefined && isFractional && (from.sizes[1] ?? 99) > scale) {
    return `${value} <> ROUND(${value}, ${scale})`;
  }
  if (to.base === 'date' && /^(?:datetime|timestamp)$/.test(from.base)) return `TIME(${value}) <> '00:00:00'`;
  return undefined;
}

function outsideRange(from: ColumnType, to: ColumnType, value: string): string | undefined {
  const [min, max] = integerRange(to) ?? [0n, 0n];
  const held = integerRange(from);
  if (held) return held[0] >= min && held[1] <= max ? undefined : `${value} < ${min} OR ${value} > ${max}`;
  if (isText(from)) {
    return `${value} NOT REGEXP '^-?[0-9]+$' OR CAST(${value} AS DECIMAL(65,0)) NOT BETWEEN ${min} AND ${max}`;
  }
  return /^(?:decimal|float|double)$/.test(from.base)
    ? `ROUND(${value}) < ${min} OR ROUND(${value}) > ${max}`
    : undefined;
}

/** Blanks at the end are cut without an error, in every sql_mode (MySQL Reference Manual, 13.3.2 "CHAR and VARCHAR"). */
function longerThan(from: ColumnType, to: ColumnType, value: string): string | undefined {
  const length = to.sizes[0] ?? 1;
  const isSized = /^(?:var)?(?:char|binary)$/.test(from.base);
  if (isSized && (from.sizes[0] ?? 1) <= length) return undefined;
  if (/binary$/.test(to.base)) return `OCTET_LENGTH(${value}) > ${length}`;
  return `CHAR_LENGTH(TRIM(TRAILING ' ' FROM ${value})) > ${length}`;
}

/** Texts that are no date; and times that a TIMESTAMP does not reach. */
function noSuchTime(from: ColumnType, to: ColumnType, value: string): string | undefined {
  const reach = (time: string) => `${time} < '1970-01-01 00:00:01' OR ${time} >= '2038-01-19 03:14:08'`;
  if (!isText(from)) return to.base === 'timestamp' && /^date(?:time)?$/.test(from.base) ? reach(value) : undefined;
  const time = `CAST(${value} AS DATETIME)`;
  const isNone = `${value} IS NOT NULL AND ${time} IS NULL`;
  return to.base === 'timestamp' ? `${isNone} OR ${reach(time)}` : isNone;
}

/**
 * What YEAR holds (MySQL Reference Manual, 13.2.4 "The YEAR Type"); of a number 0 to 99 it makes a year near 2000, and of a
 * date none: both servers refuse every one.
 */
function notAYear(from: ColumnType, value: string): string | undefined {
  if (integerRange(from)) return `${value} NOT BETWEEN 0 AND 99 AND ${value} NOT BETWEEN 1901 AND 2155`;
  return /^(?:date|datetime|timestamp)$/.test(from.base) ? `${value} IS NOT NULL` : undefined;
}

function moreThanBits(from: ColumnType, to: ColumnType, value: string): string | undefined {
  const bits = BigInt(to.sizes[0] ?? 1);
  return integerRange(from) && bits < 64n ? `${value} < 0 OR ${value} >= ${2n ** bits}` : undefined;
}

function notAMember(from: ColumnType, to: ColumnType, value: string): string | undefined {
  // A number is taken for the place of the member.
  if (integerRange(from)) return `${value} NOT BETWEEN 1 AND ${to.members.length}`;
  if (from.base === 'enum' && from.members.every((member) => to.members.includes(member))) return undefined;
  if (from.base !== 'enum' && !isText(from)) return undefined;
  return `${value} NOT IN (${to.members.map(textLiteral).join(', ')})`;
}

function hasRemovedMember(from: ColumnType, to: ColumnType, value: string): string | undefined {
  const removed = from.base === 'set' ? from.members.filter((member) => !to.members.includes(member)) : [];
  if (removed.length === 0) return undefined;
  return removed.map((member) => `FIND_IN_SET(${textLiteral(member)}, ${value}) > 0`).join(' OR ');
}

function outsideDecimal(from: ColumnType, to: ColumnType, value: string): string | undefined {
  const whole = (type: ColumnType) => (type.sizes[0] ?? 10) - (type.sizes[1] ?? 0);
  const scale = to.sizes[1] ?? 0;
  const holds = from.base === 'decimal' && whole(from) <= whole(to) && scale >= (from.sizes[1] ?? 0);
  const conditions = [
    ...(holds ? [] : [`ABS(ROUND(${value}, ${scale})) >= 1e${whole(to)}`]),
    ...(to.isUnsigned && !from.isUnsigned ? [`${value} < 0`] : []),
  ];
  return conditions.length === 0 ? undefined : conditions.join(' OR ');
}

function isText({ base }: ColumnType): boolean {
  return /char$|text$/.test(base);
}
