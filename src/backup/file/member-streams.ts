import type { Transform } from 'node:stream';

/** A stream of Node's zlib that ends a member with each write; `rewind`: what it does before the next one. */
export interface MemberStream {
  readonly stream: Transform;
  rewind(): void;
}

/** A compressed block, in memory that belongs to its stream. */
export interface Member {
  readonly bytes: Buffer;
  /** Nobody reads the bytes any more: the stream may compress the next block into them. */
  free(): void;
}

/** How the members of one format are made. */
export interface MemberFormat<Settings> {
  open(settings: Settings): MemberStream;
  /** Whether it is one whole member, of this block. */
  isMemberOf(member: Buffer, block: Buffer): boolean;
}

/**
 * Compresses blocks, each into one member, in streams that are used over and over, and so is the memory that they write to:
 * a compressor and a member need a megabyte each that would have to be found and thrown away for every block, which keeps
 * the garbage collector at work for a tenth of the time of a backup. `atOnce` blocks at a time; the others wait for their
 * turn.
 */
export class MemberStreams<Settings> {
  readonly #format: MemberFormat<Settings>;
  readonly #idle = new Map<Settings, MemberStream[]>();
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(format: MemberFormat<Settings>, atOnce: number) {
    this.#format = format;
    this.#free = atOnce;
  }

  /** A stream belongs to the object that its settings are: equal ones share streams only if they are the same. */
  async compress(block: Buffer, settings: Settings): Promise<Member> {
    await this.#turn();
    try {
      return await this.#compress(block, settings);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }

  /** Frees what idle streams hold. */
  close(): void {
    for (const { stream } of [...this.#idle.values()].flat()) stream.destroy();
  }

  async #turn(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** A stream that has failed is not used again. */
  async #compress(block: Buffer, settings: Settings): Promise<Member> {
    const idle = this.#idle.get(settings) ?? [];
    this.#idle.set(settings, idle);
    const one = idle.pop() ?? this.#open(settings);
    const bytes = await writeOnce(one.stream, block);
    if (!this.#format.isMemberOf(bytes, block)) throw new Error('a block was compressed into something else');
    const free = () => {
      one.rewind();
      idle.push(one);
    };
    return { bytes, free };
  }

  #open(settings: Settings): MemberStream {
    const opened = this.#format.open(settings);
    // The write that failed is told, too.
    opened.stream.on('error', () => undefined);
    return opened;
  }
}

async function writeOnce(stream: Transform, block: Buffer): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const take = (piece: Buffer) => pieces.push(piece);
  stream.on('data', take);
  try {
    await new Promise<void>((resolve, reject) => {
      stream.write(block, (error) => (error ? reject(error) : resolve()));
    });
    // What the stream has not handed on by itself.
    stream.read();
  } finally {
    stream.off('data', take);
  }
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
}
