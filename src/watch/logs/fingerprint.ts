/** So much of an entry's first line tells one kind of error from another. */
const LONGEST = 400;
const STAMP = /^\[?\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?\]?\s*/;

/** What is the same whenever this error comes: numbers, ids, times and quoted values are taken out. */
export function fingerprint(entry: string): string {
  return (entry.split('\n', 1)[0] ?? '')
    .slice(0, LONGEST)
    .replace(STAMP, '')
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '#')
    .replace(/\b(?:0x)?[0-9a-f]*\d[0-9a-f]*\b/gi, '#')
    .replace(/\d+/g, '#')
    .replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, '?')
    .replace(/\s+/g, ' ')
    .trim();
}

/** True of the first line of an entry; what follows without a time (a stack trace) belongs to it. */
export function beginsEntry(line: string): boolean {
  return STAMP.test(line);
}

/** Laravel's levels from ERROR up (RFC 5424), MySQL's, PHP's and nginx's. */
export function isErrorEntry(entry: string): boolean {
  return /\.(?:ERROR|CRITICAL|ALERT|EMERGENCY): |\[ERROR\]|\[(?:error|crit|alert|emerg)\]|PHP Fatal error/.test(
    entry.slice(0, LONGEST),
  );
}
