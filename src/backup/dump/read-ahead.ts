/** A third of what a server waits for a client that reads nothing (net_write_timeout of MariaDB: a minute). */
const EVERY_MS = 20_000;
/** A server's socket takes more only once a good part of it is free. */
const BYTES = 4 * 1024 * 1024;

/**
 * A dump that is read on a little, into memory, while something else takes long: its program would be given up by the server,
 * for mariadb-dump cannot ask it to wait longer.
 */
export class ReadAhead implements AsyncIterableIterator<Buffer> {
  readonly #source: AsyncIterator<Buffer>;
  readonly #everyMs: number;
  readonly #bytes: number;
  readonly #ahead: Buffer[] = [];
  #pulling: Promise<void> | undefined;
  #error: { readonly is: unknown } | undefined;
  #isOver = false;

  constructor(source: AsyncIterable<Buffer>, { everyMs = EVERY_MS, bytes = BYTES } = {}) {
    this.#source = source[Symbol.asyncIterator]();
    this.#everyMs = everyMs;
    this.#bytes = bytes;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Buffer>> {
    await this.#pulling;
    const value = this.#ahead.shift();
    if (value) return { value, done: false };
    if (this.#error) throw this.#error.is;
    return this.#isOver ? { value: undefined, done: true } : this.#source.next();
  }

  async return(): Promise<IteratorResult<Buffer>> {
    await this.#source.return?.();
    return { value: undefined, done: true };
  }

  /** Keeps the source going as long as `work` takes. Nothing else may read meanwhile. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const timer = setInterval(() => {
      this.#pulling ??= this.#pull().finally(() => {
        this.#pulling = undefined;
      });
    }, this.#everyMs);
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  }

  /** An error is told to whoever reads on. */
  async #pull(): Promise<void> {
    try {
      for (let left = this.#bytes; left > 0 && !this.#isOver && !this.#error; ) {
        const { value, done } = await this.#source.next();
        if (done) this.#isOver = true;
        else {
          this.#ahead.push(value);
          left -= value.length;
        }
      }
    } catch (error) {
      this.#error = { is: error };
    }
  }
}
