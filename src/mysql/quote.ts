/** `name` as a quoted identifier (MySQL Reference Manual, 11.2 "Schema Object Names": a backtick is doubled). */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** `schema`.`name`, both quoted. */
export function quoteQualified(schema: string, name: string): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}
