/**
 * A text literal that means the same under every sql_mode and connection charset (ANSI_QUOTES and
 * NO_BACKSLASH_ESCAPES change what quotes and backslashes mean): hexadecimal with a charset introducer
 * (MySQL Reference Manual, 11.1.4 "Hexadecimal Literals").
 */
export function textLiteral(text: string | null | undefined): string {
  if (text === null || text === undefined) return 'NULL';
  return text === '' ? "''" : `_utf8mb4 X'${Buffer.from(text, 'utf8').toString('hex')}'`;
}

export function numberLiteral(value: number | null | undefined): string {
  return value === null || value === undefined ? 'NULL' : String(value);
}
