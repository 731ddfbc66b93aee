import type { LoadingClient } from './loading-client.ts';

type Client = Pick<LoadingClient, 'feed' | 'settle'>;

const NEWLINE = 0x0a;
const ROW = '('.charCodeAt(0);
const INSERT = 'INSERT INTO ';

/**
 * The rest of a table's section, whose rows several clients load together: each takes the next INSERT when it has sent
 * its last one. Only one of them reads at a time, so that nothing but what waits for a client is in memory.
 */
export class SharedRows {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #title: string;
  /** Read, but not handed out. */
  #ahead: Buffer = Buffer.alloc(0);
  #turn: Promise<unknown> = Promise.resolve();
  #areOver = false;
  readonly #loading: Promise<void>[] = [];

  constructor(title: string, body: AsyncIterable<Buffer>) {
    this.#title = title;
    this.#chunks = body[Symbol.asyncIterator]();
  }

  /**
   * Loads rows until none are left. The client that came first waits for the others then, and feeds what follows the
   * rows: no trigger may stand before the last of them does. Throws what the client throws.
   */
  async load(client: Client): Promise<void> {
    const isFirst = this.#loading.length === 0;
    const loading = this.#loadRows(client);
    this.#loading.push(loading);
    await loading;
    if (!isFirst) return;
    await Promise.all(this.#loading);
    await client.feed(undefined, this.#rest());
    await client.settle();
  }

  async #loadRows(client: Client): Promise<void> {
    await client.feed(this.#title, '');
    while (await this.#takeTurn(() => this.#feedInsert(client)));
    await client.settle();
  }

  #takeTurn<T>(act: () => Promise<T>): Promise<T> {
    const acting = this.#turn.then(act);
    this.#turn = acting.catch(() => undefined);
    return acting;
  }

  /** False: there is none. */
  async #feedInsert(client: Client): Promise<boolean> {
    if (this.#areOver) return false;
    while (this.#ahead.length < INSERT.length && (await this.#read()));
    if (this.#ahead.toString('latin1', 0, INSERT.length) !== INSERT) {
      this.#areOver = true;
      return false;
    }
    await client.feed(undefined, this.#insert());
    return true;
  }

  /** Up to the line that does not go on with a row; what is longer than one chunk passes through. */
  async *#insert(): AsyncGenerator<Buffer> {
    for (;;) {
      const end = endOfInsert(this.#ahead);
      if (end !== undefined) return yield this.#take(end);
      // Whether a line break ends the statement is told by what follows it.
      const isOpen = this.#ahead.at(-1) === NEWLINE;
      yield this.#take(this.#ahead.length - (isOpen ? 1 : 0));
      if (!(await this.#read())) return yield this.#take(this.#ahead.length);
    }
  }

  async *#rest(): AsyncGenerator<Buffer> {
    do yield this.#take(this.#ahead.length);
    while (await this.#read());
  }

  #take(bytes: number): Buffer {
    const taken = this.#ahead.subarray(0, bytes);
    this.#ahead = this.#ahead.subarray(bytes);
    return taken;
  }

  /** False: that was all. */
  async #read(): Promise<boolean> {
    const { value, done } = await this.#chunks.next();
    if (done) return false;
    this.#ahead = this.#ahead.length === 0 ? value : Buffer.concat([this.#ahead, value]);
    return true;
  }
}

/** Behind the line break that no row follows; in values a newline is written as `\n`. Undefined: not in these bytes. */
function endOfInsert(bytes: Buffer): number | undefined {
  for (let at = bytes.indexOf(NEWLINE); at !== -1 && at + 1 < bytes.length; at = bytes.indexOf(NEWLINE, at + 1)) {
    if (bytes[at + 1] !== ROW) return at + 1;
  }
  return undefined;
}
