import { createHash } from 'node:crypto';

/** With a fraction or an exponent: what MySQL reads as DOUBLE in a text of JSON. */
const NUMBERS = /-?\d+(?:\.\d+)?[eE][+-]?\d+|-?\d+\.\d+/g;
const PART_OF_NUMBER = /[-+.\deE]*$/;
/** No number is longer; what is has been told from the others by what stands in front of it. */
const LONGEST_NUMBER = 4096;

/**
 * SHA-256 of a text in which each number stands as the double nearest to it. A DECIMAL in a JSON value is dumped with all
 * its digits (`10.50`) and comes back as the DOUBLE 10.5: another text, the same number.
 */
export class NumberDigest {
  readonly #hash = createHash('sha256');
  /** May be the beginning of a number. */
  #carried = '';

  update(bytes: Buffer): void {
    const text = this.#carried + bytes.toString('latin1');
    const tail = PART_OF_NUMBER.exec(text)?.[0] ?? '';
    this.#carried = tail.length > LONGEST_NUMBER ? '' : tail;
    this.#add(text.slice(0, text.length - this.#carried.length));
  }

  hex(): string {
    this.#add(this.#carried);
    this.#carried = '';
    return this.#hash.copy().digest('hex');
  }

  #add(text: string): void {
    this.#hash.update(
      text.replace(NUMBERS, (number) => String(Number(number))),
      'latin1',
    );
  }
}
