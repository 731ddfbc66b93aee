const PREFIX = '-- php| ';

/** The PHP file that a text of SQL was translated from, in comments: so that the history also keeps what was written. */
export function toComments(php: string): string {
  return php
    .replace(/\r\n?/g, '\n')
    .trimEnd()
    .split('\n')
    .map((line) => `${PREFIX}${line}\n`)
    .join('');
}

/** That file again; a text of no translation as it is. */
export function sourceOf(text: string): string {
  if (!text.startsWith(PREFIX)) return text;
  const lines = text.split('\n').filter((line) => line.startsWith(PREFIX));
  return lines.map((line) => line.slice(PREFIX.length)).join('\n');
}
