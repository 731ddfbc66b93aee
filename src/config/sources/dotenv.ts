/** Entries of a `.env` file, and what could not be read in it. */
export interface Dotenv {
  readonly values: ReadonlyMap<string, string>;
  readonly problems: readonly { readonly line: number; readonly what: string }[];
}

interface Entry {
  /** 1-based. */
  readonly line: number;
  readonly text: string;
  readonly isUnclosed?: boolean;
}

/**
 * Reads a `.env` as Laravel does: the rules are those of vlucas/phpdotenv 5 (Lines, EntryParser, Resolver).
 * `outside` is the process environment, which wins inside `${NAME}`. Values never appear in problems.
 */
export function parseDotenv(content: string, outside: (name: string) => string | undefined): Dotenv {
  const values = new Map<string, string>();
  const problems: { line: number; what: string }[] = [];
  for (const entry of splitEntries(content.replace(/^\uFEFF/, ''))) {
    try {
      if (entry.isUnclosed) throw new Unreadable('a double quote after "=" is never closed');
      const [name, value] = parseEntry(entry.text, (inner) => outside(inner) ?? values.get(inner));
      if (value === undefined) values.delete(name);
      else values.set(name, value);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      problems.push({ line: entry.line, what: error.message });
    }
  }
  return { values, problems };
}

class Unreadable extends Error {}

/** One entry a line, but for double-quoted values, which may go over several. */
function splitEntries(content: string): Entry[] {
  const entries: Entry[] = [];
  let open: Entry | undefined;
  for (const [index, line] of content.split(/\r\n|\n|\r/).entries()) {
    const begins = line.includes('="') && !closesQuote(line, true);
    if (open === undefined && !begins) {
      if (!/^[\s\0]*(#|$)/.test(line)) entries.push({ line: index + 1, text: line });
      continue;
    }
    open = open ? { line: open.line, text: `${open.text}\n${line}` } : { line: index + 1, text: line };
    if (closesQuote(line, begins)) {
      entries.push(open);
      open = undefined;
    }
  }
  // phpdotenv silently drops a value that is never closed, and everything after it: here it becomes a problem.
  return open ? [...entries, { ...open, isUnclosed: true }] : entries;
}

function closesQuote(line: string, begins: boolean): boolean {
  if (line === '"') return true;
  const quotes = line.replaceAll('\\\\', '').match(/(?<=[^\\])"/g)?.length ?? 0;
  return begins ? quotes > 1 : quotes >= 1;
}

function parseEntry(text: string, lookup: (name: string) => string | undefined): [string, string | undefined] {
  const at = text.indexOf('=');
  const left = at < 0 ? text : trim(text.slice(0, at));
  if (left === '') throw new Unreadable('a name is missing before "="');
  const unexported = /^export[ \t\v\f].{2,}$/s.test(left) ? left.slice(6).trimStart() : left;
  const name = /^(["'])(.+)\1$/s.exec(unexported)?.[2] ?? unexported;
  if (!/^[a-zA-Z0-9_.]+$/.test(name)) throw new Unreadable('a name may hold letters, digits, "_" and "." only');
  return [name, at < 0 ? undefined : parseValue(name, trim(text.slice(at + 1)), lookup)];
}

/** PHP's trim(). */
function trim(text: string): string {
  return text.replace(/^[ \t\n\r\0\v]+|[ \t\n\r\0\v]+$/g, '');
}

function parseValue(name: string, raw: string, lookup: (name: string) => string | undefined): string {
  const quote = raw[0];
  if (quote === "'") {
    const end = raw.indexOf("'", 1);
    if (end < 0) throw new Unreadable(`the value of ${name} has no closing quote`);
    checkRest(name, raw.slice(end + 1));
    return raw.slice(1, end);
  }
  if (quote === '"') {
    const [, inside = '', rest = ''] = /^"((?:[^"\\]|\\.)*)"(.*)$/s.exec(raw) ?? [];
    if (!/^"(?:[^"\\]|\\.)*"/s.test(raw)) throw new Unreadable(`the value of ${name} has no closing quote`);
    checkRest(name, rest);
    return readEscapes(name, inside, lookup);
  }
  const [word = ''] = /^[^#\s]*/.exec(raw) ?? [];
  checkRest(name, raw.slice(word.length));
  return word.replace(REFERENCE, (all, inner: string) => lookup(inner) ?? all);
}

const REFERENCE = /\$\{([a-zA-Z0-9_.]+)\}/g;

/** Only space and a comment may follow a value. */
function checkRest(name: string, rest: string): void {
  if (/^\s*(#|$)/.test(rest)) return;
  throw new Unreadable(`the value of ${name} has a space in it, so it needs quotes around it`);
}

const ESCAPES: Readonly<Record<string, string>> = { f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function readEscapes(name: string, inside: string, lookup: (name: string) => string | undefined): string {
  return inside.replace(/\\(.)|\$\{([a-zA-Z0-9_.]+)\}/gs, (all, escaped?: string, inner?: string) => {
    if (inner !== undefined) return lookup(inner) ?? all;
    if (escaped === '"' || escaped === '\\' || escaped === '$') return escaped;
    const control = ESCAPES[escaped ?? ''];
    if (control === undefined) throw new Unreadable(`the value of ${name} has an escape that .env files do not know`);
    return control;
  });
}
