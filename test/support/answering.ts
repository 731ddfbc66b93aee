import { once } from 'node:events';
import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';

/** A web server of one test that answers what `status` says at the moment; ends with the test. */
export interface AnsweringSite {
  readonly url: string;
  status: number;
  /** Requests so far. */
  requests: number;
}

export async function answerWith(status: number, headers: Record<string, string> = {}): Promise<AnsweringSite> {
  const server = createServer((_request, response) => {
    site.requests += 1;
    response.writeHead(site.status, headers).end('page');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const site: AnsweringSite = { url: `http://127.0.0.1:${port}/`, status, requests: 0 };
  return site;
}
