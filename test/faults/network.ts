import { connect, createServer, type Socket } from 'node:net';

/** A network between the tool and the server whose faults come and go when the test says so. */
export interface Network {
  readonly port: number;
  /** Ends every connection, on both sides; new ones are possible at once. */
  cut(): void;
  /** From now on these connections swallow all that is sent, in silence. `all`: new ones too, until `heal`. */
  stall(scope: 'open' | 'all'): void;
  heal(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  isStalled: boolean;
}

/** Over TCP on both sides: to a client on its socket MySQL would let a password come in clear. */
export async function startNetwork(serverPort: number): Promise<Network> {
  const pairs = new Set<Pair>();
  let stallsNew = false;
  const listener = createServer((client) => {
    const pair: Pair = { client, upstream: connect(serverPort, '127.0.0.1'), isStalled: stallsNew };
    pairs.add(pair);
    for (const [from, to] of [
      [client, pair.upstream],
      [pair.upstream, client],
    ] as const) {
      from.on('data', (chunk) => {
        if (!pair.isStalled) to.write(chunk);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        pairs.delete(pair);
        if (!pair.isStalled) to.end();
      });
    }
  });
  const port = await new Promise<number>((resolve) => {
    listener.listen(0, '127.0.0.1', () => resolve((listener.address() as { port: number }).port));
  });
  const end = () => {
    for (const { client, upstream } of pairs) {
      client.destroy();
      upstream.destroy();
    }
  };
  return {
    port,
    cut: end,
    stall(scope) {
      stallsNew = scope === 'all';
      for (const pair of pairs) pair.isStalled = true;
    },
    heal() {
      stallsNew = false;
    },
    close() {
      end();
      return new Promise((resolve) => listener.close(() => resolve()));
    },
  };
}
