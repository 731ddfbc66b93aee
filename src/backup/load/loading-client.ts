import { once } from 'node:events';
import type { Context } from '../../context.ts';
import { shellCommand } from '../../mysql/client-commands.ts';
import type { Clients } from '../../mysql/clients.ts';
import { connect, type Target } from '../../mysql/connect.ts';
import { describeExit, type Piped } from '../../system/exec.ts';
import type { Exit } from '../../system/exit.ts';
import type { Part } from '../file/sections.ts';
import type { Admission } from './admission.ts';
import { setMode, setModeOf, strictMode } from './load-mode.ts';
import { fitPackets } from './packets.ts';

/** What loading needs beside a place to load into. */
export type LoadContext = Omit<Context, 'server' | 'http'>;

/** Where a backup is loaded, and how. */
export interface LoadTarget {
  readonly target: Target;
  readonly clients: Clients;
  /** Nothing of it goes into the server's binary log. The account has to have the right to leave it out. */
  readonly isUnlogged?: boolean;
  /** Default: all. */
  readonly part?: Part;
  /** Makes what is loaded fit the place. Is given whole sections, or the rest of one. */
  readonly adapt?: Adapt;
  /** What the server takes. */
  readonly admission?: Admission;
  /** What the client begins with, so that it ends when this process was killed and another has taken over. */
  readonly fence?: Context['fence'];
  /** Nothing is put into a folder that a table names (DATA DIRECTORY, INDEX DIRECTORY). */
  readonly ignoresFolders?: boolean;
}

export type Adapt = (dump: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;

/**
 * What may wait in our memory for a client: while the server carries out one INSERT of a megabyte, the next ones are
 * unpacked. A pipe holds 64 KiB, too little for that.
 */
const MOST_QUEUED_BYTES = 4 * 1024 * 1024;

/** A client of the server that is fed SQL piece by piece, and knows at which piece it stopped. */
export class LoadingClient {
  readonly #shell: Piped;
  readonly #command: ReturnType<typeof shellCommand>;
  readonly #place: LoadTarget;
  readonly #pieces: string[] = [];
  readonly #reported = new Reports();
  /** How often it was asked to report the number of a piece. */
  #asked = 0;
  /** Until the dump's first lines were fed, which set its session's mode. */
  #isNew = true;

  private constructor(shell: Piped, command: ReturnType<typeof shellCommand>, place: LoadTarget) {
    this.#shell = shell;
    this.#command = command;
    this.#place = place;
    shell.stdout.on('data', (chunk: Buffer) => this.#reported.read(chunk));
    // What ended it is told by its exit.
    shell.stdin.on('error', () => undefined);
  }

  static async start(place: LoadTarget, context: LoadContext): Promise<LoadingClient> {
    const command = shellCommand(place.clients, place.target, { reportsAtOnce: true });
    const client = new LoadingClient(await context.exec.pipe(command, { signal: context.signal }), command, place);
    const settings = [
      ...(place.fence?.() ?? []),
      ...(place.isUnlogged ? ['SET SESSION sql_log_bin = 0'] : []),
      ...(place.admission?.settings ?? []),
    ];
    await client.#write([...settings, 'SELECT CONNECTION_ID()'].map((sql) => `${sql};\n`).join(''));
    return client;
  }

  /**
   * Feeds one piece, which has a name for people; undefined: not worth one. The first one begins with the dump's first lines.
   * Resolves when it is passed on, not yet carried out.
   */
  async feed(piece: string | undefined, sql: AsyncIterable<Buffer> | string): Promise<void> {
    if (piece !== undefined) {
      await this.#write(`SELECT ${this.#pieces.length};\n`);
      this.#asked++;
      this.#pieces.push(piece);
    }
    const mode = this.#isNew ? strictMode(this.#place.ignoresFolders ?? false) : undefined;
    this.#isNew = false;
    if (typeof sql === 'string') await this.#write(mode ? setMode(sql, mode) : sql);
    else for await (const chunk of this.#fitting(mode ? setModeOf(sql, mode) : sql)) await this.#write(chunk);
  }

  #fitting(sql: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    const { adapt, admission } = this.#place;
    const adapted = adapt?.(sql) ?? sql;
    return admission ? fitPackets(adapted, admission.packetBytes) : adapted;
  }

  /** Waits until everything that was fed is carried out. Throws as `finish` does. */
  async settle(): Promise<void> {
    await this.#write(`SELECT ${this.#pieces.length - 1};\n`);
    this.#asked++;
    const ended = await Promise.race([this.#reported.reach(this.#asked), this.#shell.exit]);
    if (ended) throw this.#failure(ended);
  }

  /** Waits until everything is carried out and ends the client. Throws an error with the server's message and the piece's name. */
  async finish(): Promise<void> {
    this.#shell.stdin.end();
    const exit = await this.#shell.exit;
    if (exit.exitCode !== 0) throw this.#failure(exit);
  }

  /** Ends the client at once, and what the server is still carrying out for it. Never throws. */
  async abandon(): Promise<void> {
    this.#shell.kill();
    await this.#shell.exit;
    const id = this.#reported.connectionId;
    if (id === undefined) return;
    // The server does not notice that its client is gone until it writes to it.
    try {
      const server = await connect(this.#place.target, { database: null });
      const session = await server.open({ database: null });
      await session.query(`KILL ${id}`).finally(() => session.close());
    } catch {
      // It is gone already, or so is the server.
    }
  }

  async #write(sql: Buffer | string): Promise<void> {
    const bytes = typeof sql === 'string' ? Buffer.from(sql, 'latin1') : sql;
    const { stdin } = this.#shell;
    if (!stdin.destroyed && (stdin.write(bytes) || stdin.writableLength < MOST_QUEUED_BYTES)) return;
    const waiting = new AbortController();
    const drained = stdin.destroyed ? Promise.reject(new Error()) : once(stdin, 'drain', { signal: waiting.signal });
    const ended = await Promise.race([
      drained.then(
        () => undefined,
        () => this.#shell.exit,
      ),
      this.#shell.exit,
    ]);
    waiting.abort();
    if (ended) throw this.#failure(ended);
  }

  #failure(exit: Exit): Error {
    const piece = this.#pieces[this.#reported.piece];
    return new Error(`${piece === undefined ? '' : `${piece}: `}${describeExit(this.#command, exit)}`);
  }
}

/** What the client has printed so far: first its connection's id, then the number of each piece as it comes to it. */
class Reports {
  connectionId: number | undefined;
  piece = -1;
  #count = 0;
  #carried = '';
  #awaited: { readonly count: number; readonly resolve: () => void } | undefined;

  /** Resolves when so many numbers of pieces were printed. Whoever asks has to wait for it before asking again. */
  reach(count: number): Promise<undefined> {
    return new Promise((resolve) => {
      this.#awaited = { count, resolve: () => resolve(undefined) };
      this.#tell();
    });
  }

  read(chunk: Buffer): void {
    const lines = (this.#carried + chunk.toString('latin1')).split('\n');
    this.#carried = lines.pop() ?? '';
    for (const line of lines) {
      if (this.connectionId === undefined) this.connectionId = Number(line);
      else {
        this.piece = Number(line);
        this.#count++;
      }
    }
    this.#tell();
  }

  #tell(): void {
    if (this.#awaited && this.#count >= this.#awaited.count) this.#awaited.resolve();
  }
}
