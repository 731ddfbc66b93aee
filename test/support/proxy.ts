import { connect, createServer, type Socket } from 'node:net';
import {
  answerReader,
  describeCommand,
  legibleAnswer,
  legibleGreeting,
  type Packet,
  packetCutter,
} from './mysql-packets.ts';

/**
 * What happens at the n-th command:
 * - `before`: the server never hears of it, nor of anything after it.
 * - `after`: the server does it, and the client never hears of that.
 * - `cut`: every connection ends, on both sides.
 * - `stall`: it and everything after it is swallowed in silence; the connections stay open.
 * - `garble`: the server does it; the answer arrives as noise.
 */
export type Fate = 'before' | 'after' | 'cut' | 'stall' | 'garble';

export interface Blow {
  /** 1-based, over all connections in the order of arrival; or the first command whose description matches. */
  readonly at: number | RegExp;
  readonly fate: Fate;
  /** Called when it happens: `before` and `after` kill the client here. */
  onReached?(): void;
}

/** A proxy in front of a server that counts the commands of its clients. */
export interface CountingProxy {
  readonly port: number;
  /** Every command so far, described. */
  readonly commands: readonly string[];
  /** From now on it only forwards: what was struck is there again. */
  heal(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
}

/**
 * Listens on 127.0.0.1 and forwards to the server's socket, until the blow falls. `onCommand` is told of each command's
 * number before the server hears of it.
 */
export async function startProxy(
  serverSocket: string,
  blow?: Blow,
  onCommand?: (number: number) => void,
): Promise<CountingProxy> {
  const commands: string[] = [];
  const pairs = new Set<Pair>();
  let isStruck = false;
  let isHealed = false;

  const strike = () => {
    isStruck = true;
    blow?.onReached?.();
    if (blow?.fate === 'stall') return;
    for (const { client, upstream } of pairs) {
      client.destroy();
      upstream.destroy();
    }
  };

  const listener = createServer({ noDelay: true }, (client) => {
    const pair = { client, upstream: connect(serverSocket) };
    if (isStruck && blow?.fate !== 'garble') {
      if (blow?.fate !== 'stall') client.destroy();
      pair.upstream.destroy();
      return;
    }
    pairs.add(pair);
    tie(pair, () => pairs.delete(pair));
    const cutClient = packetCutter();
    const cutServer = packetCutter();
    let awaited: ReturnType<typeof answerReader> | undefined;
    let isGreeted = false;
    let hasAnswered = false;

    const forward = (packet: Packet) => {
      if (isStruck && blow?.fate !== 'garble') return;
      // The server speaks first, so sequence 0 from the client always begins a command.
      if (packet.sequence === 0) {
        commands.push(describeCommand(packet.payload));
        onCommand?.(commands.length);
        if (blow && !awaited && !isHealed && isDue(blow, commands)) {
          if (blow.fate !== 'after' && blow.fate !== 'garble') return strike();
          awaited = answerReader();
        }
      }
      pair.upstream.write((hasAnswered ? packet : legibleAnswer(packet)).bytes);
      hasAnswered = true;
    };
    const answer = (packet: Packet) => {
      if (isStruck && blow?.fate !== 'garble') return;
      if (!awaited) {
        client.write((isGreeted ? packet : legibleGreeting(packet)).bytes);
        isGreeted = true;
        return;
      }
      if (blow?.fate === 'garble') client.write(noiseFor(packet));
      if (!awaited(packet.payload)) return;
      awaited = undefined;
      if (blow?.fate === 'after') strike();
      else isStruck = true;
    };
    client.on('data', (chunk: Buffer) => cutClient(chunk).forEach(forward));
    pair.upstream.on('data', (chunk: Buffer) => cutServer(chunk).forEach(answer));
    // QUIT has no answer: the server's goodbye tells that it was done.
    pair.upstream.on('close', () => {
      if (awaited && blow?.fate === 'after' && !isStruck) strike();
    });
  });
  const port = await new Promise<number>((resolve) => {
    listener.listen(0, '127.0.0.1', () => resolve((listener.address() as { port: number }).port));
  });
  return {
    port,
    commands,
    heal: () => {
      isHealed = true;
      isStruck = false;
    },
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve());
        for (const { client, upstream } of pairs) {
          client.destroy();
          upstream.destroy();
        }
      }),
  };
}

function isDue({ at }: Blow, commands: readonly string[]): boolean {
  return typeof at === 'number' ? commands.length === at : at.test(commands.at(-1) ?? '');
}

/** When one side ends, so does the other: the server must see at once that its client is gone. */
function tie({ client, upstream }: Pair, onGone: () => void): void {
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.on('error', () => undefined);
    one.on('close', () => {
      other.end();
      onGone();
    });
  }
}

/** The same length and number, so that the stream stays in step: only what is said is lost. */
function noiseFor({ bytes }: Packet): Buffer {
  return Buffer.concat([bytes.subarray(0, 4), Buffer.alloc(bytes.length - 4, 0x5a)]);
}
