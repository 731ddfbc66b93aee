import { createHash } from 'node:crypto';
import { NumberDigest } from './number-digest.ts';

/** Definitions longer than this are compared as they are. */
const LONGEST_HEAD = 1024 * 1024;
const ROWS = Buffer.from(' DISABLE KEYS */;\n');
const NEWLINE = 0x0a;
/** In a CREATE TABLE, with its type: MariaDB writes `longtext` for JSON. */
const COLUMN = /^ {2}`((?:[^`]|``)+)` (\w+)/gm;

/**
 * SHA-256 of a section's SQL text that is the same for the original and for what was loaded from it. MySQL repeats a
 * column's character set once its collation was given explicitly, as every dump does; and how many blank lines end a
 * section depends on what comes next.
 */
export class SectionDigest {
  readonly #hash = createHash('sha256');
  /** Of a table with a column of MySQL's type JSON. */
  #numbers: NumberDigest | undefined;
  /** The text in front of the rows, until it is whole. */
  #head: Buffer | undefined = Buffer.alloc(0);
  /** Line ends that count only if something follows. */
  #lineEnds = 0;

  update(bytes: Buffer): void {
    if (!this.#head) {
      this.#add(bytes);
      return;
    }
    this.#head = Buffer.concat([this.#head, bytes]);
    const rows = this.#head.indexOf(ROWS);
    const end = Math.min(rows === -1 ? Number.POSITIVE_INFINITY : rows, LONGEST_HEAD);
    if (this.#head.length >= end) this.#endHead(end);
  }

  hex(): string {
    this.#endHead(this.#head?.length ?? 0);
    return this.#hash.copy().digest('hex');
  }

  /** The same of the section's text with its numbers read (`NumberDigest`); undefined where no column needs it. */
  numbersHex(): string | undefined {
    this.#endHead(this.#head?.length ?? 0);
    return this.#numbers?.hex();
  }

  #endHead(end: number): void {
    if (!this.#head) return;
    const text = this.#head
      .subarray(0, end)
      .toString('latin1')
      .replaceAll(/ CHARACTER SET \w+ COLLATE /g, ' COLLATE ');
    const columns = [...text.matchAll(COLUMN)].map(
      ([, name = '', type]) => [name.replaceAll('``', '`'), type] as const,
    );
    const json = columns.flatMap(([name, type]) => (type === 'json' ? [name] : []));
    if (json.length > 0) {
      const names = columns.map(([name]) => name);
      this.#numbers = new NumberDigest(names, new Set(json));
    }
    this.#add(Buffer.from(text, 'latin1'));
    this.#add(this.#head.subarray(end));
    this.#head = undefined;
  }

  #add(bytes: Buffer): void {
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] === NEWLINE) end--;
    if (end > 0) {
      const lineEnds = '\n'.repeat(this.#lineEnds);
      this.#hash.update(lineEnds).update(bytes.subarray(0, end));
      this.#numbers?.update(Buffer.from(lineEnds));
      this.#numbers?.update(bytes.subarray(0, end));
      this.#lineEnds = 0;
    }
    this.#lineEnds += bytes.length - end;
  }
}
