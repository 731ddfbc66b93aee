/** What a changed column does to the values in it. `strict`: a server in strict mode refuses to lose any. */
export type Width = 'as wide' | 'strict' | 'narrower';

interface ColumnType {
  readonly name: string;
  readonly args: string;
  readonly isUnsigned: boolean;
  readonly isNotNull: boolean;
  readonly charset: string | undefined;
}

const INTEGERS = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint'];
const TEXTS = ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext'];
const BYTES = ['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'];
const TIMES = ['time', 'datetime', 'timestamp'];
const SYNONYMS: Readonly<Record<string, string>> = {
  integer: 'int',
  bool: 'tinyint',
  boolean: 'tinyint',
  dec: 'decimal',
  numeric: 'decimal',
  fixed: 'decimal',
  real: 'double',
  character: 'char',
};

/** PURE: can every value of the one type be kept in the other? Both as they stand behind the column's name. */
export function isWidening(before: string, after: string): Width {
  const [from, to] = [readType(before), readType(after)];
  const width = widthOf(from, to);
  if (width !== 'as wide') return width;
  if (to.charset !== undefined && to.charset !== 'utf8mb4' && to.charset !== from.charset) return 'strict';
  return to.isNotNull && !from.isNotNull ? 'strict' : 'as wide';
}

function widthOf(from: ColumnType, to: ColumnType): Width {
  if (INTEGERS.includes(from.name) && INTEGERS.includes(to.name)) {
    const [a, b] = [INTEGERS.indexOf(from.name), INTEGERS.indexOf(to.name)];
    const fits = from.isUnsigned === to.isUnsigned ? b >= a : from.isUnsigned && b > a;
    return fits ? 'as wide' : 'strict';
  }
  for (const family of [TEXTS, BYTES]) {
    if (family.includes(from.name) && family.includes(to.name)) return textWidth(from, to, family);
  }
  if (from.name === 'enum' || from.name === 'set') {
    const isLonger = to.name === from.name && to.args.startsWith(from.args.trimEnd());
    return isLonger ? 'as wide' : 'strict';
  }
  if (from.name === 'decimal' && to.name === 'decimal') {
    const [[p = 10, s = 0], [q = 10, t = 0]] = [numbersIn(from.args), numbersIn(to.args)];
    return q - t >= p - s && t >= s ? 'as wide' : 'narrower';
  }
  if (TIMES.includes(from.name) && from.name === to.name) {
    return (numbersIn(to.args)[0] ?? 0) >= (numbersIn(from.args)[0] ?? 0) ? 'as wide' : 'narrower';
  }
  if (from.name === 'date' && to.name === 'datetime') return 'as wide';
  if (from.name === 'float' && to.name === 'double') return 'as wide';
  const squeeze = (text: string) => text.replace(/\s/g, '');
  return from.name === to.name && squeeze(from.args) === squeeze(to.args) ? 'as wide' : 'narrower';
}

/** Too long a text loses its trailing spaces even in strict mode. */
function textWidth(from: ColumnType, to: ColumnType, family: readonly string[]): Width {
  const [a, b] = [family.indexOf(from.name), family.indexOf(to.name)];
  const length = (type: ColumnType) => numbersIn(type.args)[0] ?? 1;
  if (a > 1 || b > 1) {
    // A VARCHAR of any length may be longer than a TINYTEXT, and of many bytes a character longer than a TEXT.
    const fits = a > 1 ? b >= a : b > 3 || (b === 3 && length(from) <= 16_383) || (b === 2 && length(from) <= 63);
    return fits ? 'as wide' : 'narrower';
  }
  if (a === 1 && b === 0) return 'narrower';
  return length(to) >= length(from) ? 'as wide' : 'narrower';
}

function readType(text: string): ColumnType {
  const match = /^\s*(\w+)(?:\s+PRECISION)?\s*(?:\(((?:[^()']|'(?:[^']|'')*')*)\))?/i.exec(text);
  const name = (match?.[1] ?? '').toLowerCase();
  const rest = text.slice(match?.[0].length ?? 0);
  return {
    name: SYNONYMS[name] ?? name,
    args: match?.[2] ?? '',
    isUnsigned: /\bUNSIGNED\b/i.test(rest),
    isNotNull: /\bNOT\s+NULL\b/i.test(rest),
    charset: /\b(?:CHARACTER\s+SET|CHARSET)\s*=?\s*(\w+)/i.exec(rest)?.[1]?.toLowerCase(),
  };
}

function numbersIn(args: string): number[] {
  return args
    .split(',')
    .filter((part) => /\d/.test(part))
    .map(Number);
}
