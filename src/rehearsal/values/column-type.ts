/** A column's type taken apart: `decimal(10,2) unsigned` → decimal, [10, 2], unsigned. */
export interface ColumnType {
  readonly base: string;
  readonly sizes: readonly number[];
  /** The members of ENUM and SET. */
  readonly members: readonly string[];
  readonly isUnsigned: boolean;
}

export function parseColumnType(type: string): ColumnType {
  const [, base = type, inside = ''] = /^(\w+)(?:\((.*)\))?/s.exec(type.toLowerCase()) ?? [];
  const isList = base === 'enum' || base === 'set';
  return {
    base,
    sizes: isList || inside === '' ? [] : inside.split(',').map(Number),
    members: isList
      ? [...type.matchAll(/'((?:[^']|'')*)'/g)].map((match) => match[1]?.replaceAll("''", "'") ?? '')
      : [],
    isUnsigned: / unsigned/.test(type),
  };
}

const INTEGER_BITS: Readonly<Record<string, bigint>> = {
  tinyint: 8n,
  smallint: 16n,
  mediumint: 24n,
  int: 32n,
  bigint: 64n,
};

/** What an integer column can hold; undefined for other types (MySQL Reference Manual, 13.1.2 "Integer Types"). */
export function integerRange({ base, isUnsigned }: ColumnType): readonly [min: bigint, max: bigint] | undefined {
  const bits = INTEGER_BITS[base];
  if (bits === undefined) return undefined;
  return isUnsigned ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
}

/** Bytes that the TEXT and BLOB types hold; undefined for other types. */
export function textBytes({ base }: ColumnType): number | undefined {
  const exponent = { tiny: 8, '': 16, medium: 24, long: 32 }[
    /^(tiny|medium|long|)(?:text|blob)$/.exec(base)?.[1] ?? '-'
  ];
  return exponent === undefined ? undefined : 2 ** exponent - 1;
}
