import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a receiver got. */
export interface Received {
  readonly id: string | undefined;
  readonly body: Record<string, unknown>;
}

type Answer = (request: number, response: ServerResponse, message: IncomingMessage) => void;

/** A real HTTP server that keeps what it is sent and answers as it is told: `request` counts from 1. */
export class Receiver {
  readonly received: Received[] = [];
  readonly #server: Server;

  private constructor(answer: Answer) {
    this.#server = createServer((message, response) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('end', () => {
        const id = message.headers['idempotency-key'];
        this.received.push({ id: String(id), body: JSON.parse(Buffer.concat(chunks).toString()) });
        answer(this.received.length, response, message);
      });
    });
  }

  static async open(answer: Answer = (_request, response) => void response.end('ok')): Promise<Receiver> {
    const receiver = new Receiver(answer);
    await new Promise<void>((done) => receiver.#server.listen(0, '127.0.0.1', done));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hooks/T0/B0/secret-part`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}

export function answering(...statuses: number[]): Answer {
  return (request, response) => {
    response.statusCode = statuses[Math.min(request, statuses.length) - 1] ?? 200;
    if (response.statusCode === 429) response.setHeader('retry-after', '0');
    response.end();
  };
}
