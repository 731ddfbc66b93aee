/**
 * What comes from outside (names, server messages, output of programs, log lines, versions) may hold characters that a
 * terminal obeys: ESC ]0;…BEL sets the window's title, CR writes over the line, U+202E turns the reading direction. They
 * are shown as escapes, as in a string of JavaScript. Left alone are ZWJ and ZWNJ, which names in Persian or Hindi need.
 *
 * C0 and C1 controls, DEL, soft hyphen, Arabic letter mark and the other direction marks, zero-width space, line and
 * paragraph separators, invisible operators, byte order mark, interlinear marks, tags (Unicode Technical Report 36), and
 * halves of surrogate pairs, which have no UTF-8.
 */
const ACTS =
  /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Cs}]/u;
const EACH = new RegExp(ACTS, 'gu');
const IN_TEXT = /^[\n\t]$/;

/** A text of several lines: line breaks and tabs stay, everything else that a terminal would obey is shown. */
export function visible(text: string): string {
  if (!ACTS.test(text)) return text;
  return text.replaceAll('\r\n', '\n').replace(EACH, (one) => (IN_TEXT.test(one) ? one : escaped(one)));
}

/** A name, a title: a line break in it is shown as well, because what follows would pass for a line of ours. */
export function visibleLine(text: string): string {
  return ACTS.test(text) ? text.replace(EACH, escaped) : text;
}

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(one: string): string {
  const code = one.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (SHORT[one]) return SHORT[one];
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

/** Keys of events whose texts may have several lines. */
const OF_LINES = new Set(['text', 'detail', 'remedy', 'error', 'what', 'state', 'next', 'sql', 'warnings', 'rows']);

/**
 * A copy with every text in it visible, at any depth; the value itself where there is nothing to show, which is nearly always:
 * then nothing is copied.
 */
export function visibleDeep<T>(value: T): T {
  return inside(value, false) as T;
}

function inside(value: unknown, isOfLines: boolean): unknown {
  if (typeof value === 'string') return isOfLines ? visible(value) : visibleLine(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return mapped(value, (item) => inside(item, isOfLines));
  if (value instanceof Map)
    return new Map([...value].map(([key, item]) => [visibleLine(String(key)), inside(item, true)]));
  const item = value as Readonly<Record<string, unknown>>;
  let changed: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    const shown = inside(item[key], isOfLines || OF_LINES.has(key));
    if (shown !== item[key]) changed = { ...(changed ?? item), [key]: shown };
  }
  return changed ?? value;
}

function mapped(values: readonly unknown[], convert: (value: unknown) => unknown): readonly unknown[] {
  let changed: unknown[] | undefined;
  for (const [at, value] of values.entries()) {
    const shown = convert(value);
    if (shown === value) continue;
    changed ??= [...values];
    changed[at] = shown;
  }
  return changed ?? values;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are control characters
const OWN_COLORS = /(\x1b\[(?:1|2|22|31|32|33|36|39)m)/;

/** A finished line, with the colours of our own palette; where there are none, no escape sequence stays. */
export function visibleButColors(line: string, color: boolean): string {
  if (!ACTS.test(line)) return line;
  if (!color) return visible(line);
  return line
    .split(OWN_COLORS)
    .map((part, at) => (at % 2 === 1 ? part : visible(part)))
    .join('');
}

/** JSON that a terminal can be shown: the same value, its characters of that kind written as `\u202e`. */
export function jsonText(value: unknown, replacer?: (key: string, value: unknown) => unknown): string {
  const text = JSON.stringify(value, replacer);
  return ACTS.test(text) ? text.replace(EACH, jsonEscaped) : text;
}

function jsonEscaped(one: string): string {
  return Array.from({ length: one.length }, (_, at) => `\\u${one.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
    '',
  );
}
