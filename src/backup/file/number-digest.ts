import { createHash } from 'node:crypto';

/** With a fraction or an exponent: what MySQL reads as DOUBLE in a text of JSON. Or the quote that a string in it begins with. */
const NUMBER_OR_QUOTE = /\\"|-?\d+(?:\.\d+)?[eE][+-]?\d+|-?\d+\.\d+/g;
const INSERT = /INSERT INTO `(?:[^`]|``)+`(?: \(((?:`(?:[^`]|``)+`(?:, ?)?)+)\))? VALUES/y;
const INSERT_BEGINS = 'INSERT INTO `';
/** In characters. What is longer is compared as it stands. */
const LONGEST = { head: 1024 * 1024, value: 8 * 1024 * 1024 } as const;
const [QUOTE, OPEN, CLOSE, COMMA, SEMICOLON, BACKSLASH] = [...`'(),;\\`].map((sign) => sign.charCodeAt(0));

/**
 * SHA-256 of a table's rows as MySQL's dump program writes them, in which each number in a value of JSON stands as the double
 * nearest to it. A DECIMAL in JSON is dumped with all its digits (`10.50`) and comes back as the DOUBLE 10.5: another text, the
 * same number. Everything else counts as it stands: DECIMAL columns, texts, and texts in JSON.
 */
export class NumberDigest {
  readonly #hash = createHash('sha256');
  /** Columns of type JSON; all columns in the order of the table. */
  readonly #json: ReadonlySet<string>;
  readonly #columns: readonly string[];
  /** What is read when more has come. */
  #rest = '';
  #at: 'line' | 'other line' | 'rows' | 'string' | 'json' = 'line';
  /** Those of the INSERT that is read: which are JSON. */
  #isJson: readonly boolean[] = [];
  #column = 0;
  #depth = 0;
  /** Of the value of JSON that `#rest` begins with: no end in so many characters. */
  #scanned = 0;
  #out: string[] = [];
  /** How much of the text is in `#out`. */
  #taken = 0;

  constructor(columns: readonly string[], json: ReadonlySet<string>) {
    this.#columns = columns;
    this.#json = json;
  }

  update(bytes: Buffer): void {
    const text = this.#rest + bytes.toString('latin1');
    let from = 0;
    this.#taken = 0;
    for (let end = this.#read(text, from); end !== undefined; end = this.#read(text, from)) from = end;
    this.#out.push(text.slice(this.#taken, from));
    this.#rest = text.slice(from);
    this.#hash.update(this.#out.join(''), 'latin1');
    this.#out = [];
  }

  hex(): string {
    this.#hash.update(this.#rest, 'latin1');
    this.#rest = '';
    return this.#hash.copy().digest('hex');
  }

  /** Returns where the next piece ends; undefined: more of the text has to come first. */
  #read(text: string, from: number): number | undefined {
    if (from >= text.length) return undefined;
    if (this.#at === 'line') return this.#readHead(text, from);
    if (this.#at === 'other line') return this.#readLine(text, from);
    if (this.#at === 'rows') return this.#readRows(text, from);
    return this.#readString(text, from);
  }

  #readHead(text: string, from: number): number | undefined {
    const start = text.slice(from, from + INSERT_BEGINS.length);
    if (!INSERT_BEGINS.startsWith(start)) {
      this.#at = 'other line';
      return from;
    }
    INSERT.lastIndex = from;
    const head = INSERT.exec(text);
    if (head) {
      const named = head[1]?.match(/`(?:[^`]|``)+`/g)?.map((name) => name.slice(1, -1).replaceAll('``', '`'));
      this.#isJson = (named ?? this.#columns).map((name) => this.#json.has(name));
      this.#column = 0;
      this.#depth = 0;
      this.#at = 'rows';
      return INSERT.lastIndex;
    }
    if (text.length - from < LONGEST.head && !text.includes('\n', from)) return undefined;
    this.#at = 'other line';
    return from;
  }

  #readLine(text: string, from: number): number {
    const end = text.indexOf('\n', from);
    if (end === -1) return text.length;
    this.#at = 'line';
    return end + 1;
  }

  /** To behind the quote that the next string begins with, or behind the statement. */
  #readRows(text: string, from: number): number {
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.#at = this.#depth === 1 && this.#isJson[this.#column] ? 'json' : 'string';
        return at + 1;
      }
      if (code === SEMICOLON) {
        this.#at = 'other line';
        return at + 1;
      }
      if (code === COMMA && this.#depth === 1) this.#column++;
      else if (code === OPEN && this.#depth++ === 0) this.#column = 0;
      else if (code === CLOSE) this.#depth--;
    }
    return text.length;
  }

  /** From behind its opening quote to behind the closing one. Of what is no JSON, as much as there is. */
  #readString(text: string, from: number): number | undefined {
    let at = from + this.#scanned;
    this.#scanned = 0;
    for (let quote = text.indexOf("'", at); quote !== -1; quote = text.indexOf("'", at)) {
      at = quote + 1;
      if (backslashesBefore(text, quote, from) % 2 === 1) continue;
      if (this.#at === 'json') {
        this.#out.push(text.slice(this.#taken, from), withDoubles(text.slice(from, quote)));
        this.#taken = quote;
      }
      this.#at = 'rows';
      return at;
    }
    // A quote that comes next may belong to the backslashes here.
    const end = text.length - backslashesBefore(text, text.length, from);
    if (this.#at === 'json' && end - from < LONGEST.value) {
      this.#scanned = end - from;
      return undefined;
    }
    this.#at = 'string';
    return end === from ? undefined : end;
  }
}

function backslashesBefore(text: string, at: number, from: number): number {
  let start = at;
  while (start > from && text.charCodeAt(start - 1) === BACKSLASH) start--;
  return at - start;
}

/** PURE: a value of JSON, escaped as in a dump, with its numbers, but not those in its strings, as doubles. */
function withDoubles(json: string): string {
  const parts: string[] = [];
  let from = 0;
  NUMBER_OR_QUOTE.lastIndex = 0;
  for (let found = NUMBER_OR_QUOTE.exec(json); found; found = NUMBER_OR_QUOTE.exec(json)) {
    const [text] = found;
    if (text === '\\"') {
      NUMBER_OR_QUOTE.lastIndex = endOfText(json, NUMBER_OR_QUOTE.lastIndex);
      continue;
    }
    parts.push(json.slice(from, found.index), String(Number(text)));
    from = NUMBER_OR_QUOTE.lastIndex;
  }
  return parts.join('') + json.slice(from);
}

/** Behind the quote that ends a text in JSON; there too each quote and each backslash has one of the dump's before it. */
function endOfText(json: string, from: number): number {
  let at = json.indexOf('\\', from);
  while (at !== -1) {
    const next = json[at + 1];
    if (next === '"') return at + 2;
    // A backslash of JSON's own takes what comes next along, with its backslash.
    const length = next !== '\\' ? 2 : json[at + 2] === '\\' ? 4 : 3;
    at = json.indexOf('\\', at + length);
  }
  return json.length;
}
