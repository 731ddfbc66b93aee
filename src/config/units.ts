const MS_PER_UNIT = { s: 1_000, m: 60_000, h: 3_600_000 } as const;

const BYTES_PER_UNIT = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const;

export const DURATION = /^([1-9]\d{0,8})(s|m|h)$/;
export const SIZE = /^(\d{1,9})(B|[KMGT]i?B)$/;

/** Milliseconds of `90s`, `30m` or `2h`; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = DURATION.exec(text) ?? [];
  return unit === undefined ? undefined : Number(amount) * MS_PER_UNIT[unit as keyof typeof MS_PER_UNIT];
}

/**
 * Bytes of `500MB` or `2GiB`; undefined when the text is no size. Units as IEC 80000-13 has them: MB is a million
 * bytes, MiB is 2^20.
 */
export function parseSize(text: string): number | undefined {
  const [, amount, unit] = SIZE.exec(text) ?? [];
  return unit === undefined ? undefined : Number(amount) * BYTES_PER_UNIT[unit as keyof typeof BYTES_PER_UNIT];
}

export const PERCENTAGE = /^(\d{1,5}(?:\.\d{1,4})?)\s?%$/;

/** The share that `1%` or `12.5%` is, 0.01 or 0.125; undefined when the text is no percentage. */
export function parsePercentage(text: string): number | undefined {
  const [, number] = PERCENTAGE.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) / 100;
}

/** The expression of `/text/` or `/text/i`; undefined when it is a plain text, or no valid expression. */
export function parseExpression(text: string): RegExp | undefined {
  const [, source, flags] = EXPRESSION.exec(text) ?? [];
  if (source === undefined) return undefined;
  try {
    return new RegExp(source, flags);
  } catch {
    return undefined;
  }
}

export const EXPRESSION = /^\/(.+)\/([imsu]*)$/;
