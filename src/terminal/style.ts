import { stripVTControlCharacters } from 'node:util';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** `340 ms`, `1.2 s`, `2 m 03 s`, `1 h 02 m`: two units at most, rounded before the unit is chosen. */
export function formatDuration(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  if (whole < SECOND_MS) return `${whole} ms`;
  const tenths = Math.round(whole / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(whole / SECOND_MS);
  if (seconds < HOUR_MS / SECOND_MS) return `${Math.floor(seconds / 60)} m ${twoDigits(seconds % 60)} s`;
  const minutes = Math.round(whole / MINUTE_MS);
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} m`;
}

function twoDigits(n: number): string {
  return String(n).padStart(2, '0');
}

const BYTE_UNITS = ['kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `512 B`, `12.3 MB`: decimal units, as `ls --si` and `df -H` count. */
export function formatBytes(bytes: number): string {
  if (Math.round(bytes) < 1_000) return `${Math.round(bytes)} B`;
  let value = bytes / 1_000;
  let unit = 0;
  while (value >= 999.95 && unit < BYTE_UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** `1,234,567`. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

export type Unit = 'bytes' | 'rows' | 'items' | 'ms';

/** An amount in its unit: `12.3 MB`, `1,200 rows`, `3 items`, `1.2 s`. */
export function formatAmount(amount: number, unit: Unit): string {
  if (unit === 'bytes') return formatBytes(amount);
  if (unit === 'ms') return formatDuration(amount);
  return plural(amount, unit.slice(0, -1));
}

/** `1 statement`, `2 statements`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${Math.round(count) === 1 ? '' : 's'}`;
}

/** Latin, Greek, basic Cyrillic, and the marks and boxes of our own lines: one UTF-16 unit, one column each. */
const SIMPLE =
  /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u2010-\u2027\u2190-\u21ff\u2500-\u25f0\u2714\u2716\u2800-\u28ff]*$/;
// East Asian Wide and Fullwidth (Unicode Standard Annex 11), in the blocks that names and data are written in.
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}|^\p{Emoji}\ufe0f/u;
const INVISIBLE = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u;

/** Columns that a text takes on a terminal; colour codes take none. */
export function displayWidth(text: string): number {
  if (SIMPLE.test(text)) return text.length;
  const plain = stripVTControlCharacters(text);
  if (SIMPLE.test(plain)) return plain.length;
  return graphemesOf(plain).reduce((width, grapheme) => width + graphemeWidth(grapheme), 0);
}

let segmenter: Intl.Segmenter | undefined;

/** Characters as people count them. The segmenter's tables take milliseconds to load: only when they are needed. */
function graphemesOf(text: string): string[] {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Columns of one user-perceived character: 0, 1 or 2. */
function graphemeWidth(grapheme: string): number {
  if (INVISIBLE.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}

/** Fills up with spaces to `width` columns; a longer text stays as it is. */
export function padToWidth(text: string, width: number, side: 'left' | 'right' = 'right'): string {
  const fill = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return side === 'right' ? text + fill : fill + text;
}

/** Cuts plain text to `width` columns, the last of them `…` (or another mark) when something was cut. */
export function truncateToWidth(text: string, width: number, mark = '…'): string {
  if (displayWidth(text) <= width) return text;
  if (SIMPLE.test(text)) return text.slice(0, Math.max(0, width - displayWidth(mark))) + mark;
  let kept = '';
  let used = displayWidth(mark);
  for (const grapheme of graphemesOf(text)) {
    used += graphemeWidth(grapheme);
    if (used > width) break;
    kept += grapheme;
  }
  return kept + mark;
}

/**
 * Breaks plain text at spaces into lines of at most `width` columns. A longer word (a path, a command) keeps a line
 * of its own and is never cut, so that it can still be copied. Line breaks of the text are kept.
 */
export function wrapText(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => wrapLine(line.trimEnd(), width));
}

function wrapLine(line: string, width: number): string[] {
  if (displayWidth(line) <= width) return [line];
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(/ +/)) {
    const joined = current === '' ? word : `${current} ${word}`;
    if (current !== '' && displayWidth(joined) > width) {
      lines.push(current);
      current = word;
    } else {
      current = joined;
    }
  }
  return [...lines, current];
}

/** Rows of cells as lines, every column as wide as its widest cell, two spaces between columns. */
export function alignRows(rows: readonly (readonly string[])[]): string[] {
  const measured = rows.map((row) => row.map((cell) => ({ cell, width: displayWidth(cell) })));
  const widths: number[] = [];
  for (const row of measured) {
    row.forEach(({ width }, column) => {
      widths[column] = Math.max(widths[column] ?? 0, width);
    });
  }
  return measured.map((row) =>
    row
      .map(({ cell, width }, column) => cell + ' '.repeat((widths[column] ?? 0) - width))
      .join('  ')
      .trimEnd(),
  );
}

/** Labels and values side by side; a long value goes on under itself. */
export function alignLabels(rows: readonly (readonly [label: string, value: string])[], width: number): string[] {
  const labelWidth = Math.max(0, ...rows.map(([label]) => displayWidth(label)));
  return rows.flatMap(([label, value]) =>
    wrapText(value, Math.max(20, width - labelWidth - 2)).map((line, index) =>
      `${padToWidth(index === 0 ? label : '', labelWidth)}  ${line}`.trimEnd(),
    ),
  );
}
