import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createPlainServer, type Server } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { systemHttp } from '../../src/system/http.ts';

const PATIENCE_MS = 20_000;
const patient = () => AbortSignal.timeout(PATIENCE_MS);

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function site(answer: (response: ServerResponse, request: IncomingMessage) => void): Promise<string> {
  const server = createServer((request, response) => answer(response, request));
  onTestFinished(() => server.closeAllConnections());
  return `http://${await listening(server)}`;
}

/** A server whose answer is these bytes, whatever it is asked; then it closes. */
async function saying(text: string): Promise<string> {
  return `http://${await listening(createPlainServer((socket) => void socket.once('data', () => socket.end(text))))}`;
}

describe('an answer', () => {
  test.each([[200], [204], [302], [404], [503]])('%i is that, redirects too', async (status) => {
    const url = await site((response) => response.writeHead(status, { location: '/x', 'retry-after': '7' }).end());
    const answer = await systemHttp(url, { signal: patient() });
    expect([answer.status, answer.headers['retry-after']]).toEqual([status, '7']);
  });

  test('that changes the protocol is one, and the connection is given up', async () => {
    let closed: Promise<unknown> | undefined;
    const server = createPlainServer((socket) => {
      closed = once(socket, 'close');
      socket.once('data', () => socket.write('HTTP/1.1 101 Now\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'));
    });
    const answer = await systemHttp(`http://${await listening(server)}`, { signal: patient() });
    expect(answer.status).toBe(101);
    await closed;
  });

  test('whose page never ends is enough with its head, and the connection is given up', async () => {
    let closed: Promise<unknown> | undefined;
    const url = await site((response) => {
      closed = once(response, 'close');
      response.write('<p>');
    });
    expect((await systemHttp(url, { signal: patient() })).status).toBe(200);
    await closed;
  });
});

describe('no answer', () => {
  test.each([
    ['of a server that closes', async () => saying(''), 'socket hang up'],
    ['of a server that speaks something else', async () => saying('220 mail\r\n'), 'Parse Error: Expected HTTP/'],
    ['where nobody listens', async () => 'http://127.0.0.1:1/', 'connect ECONNREFUSED 127.0.0.1:1'],
    ['on any address of a name', async () => 'http://localhost:1/', 'connect ECONNREFUSED '],
    ['over another protocol', async () => 'ftp://127.0.0.1/', 'Protocol "ftp:" not supported. Expected "http:"'],
    ['at what is no address', async () => 'nowhere', 'Invalid URL'],
  ])('%s rejects in the system’s words', async (_name, open, words) => {
    const asked = systemHttp(await open(), { signal: patient() });
    await expect(asked).rejects.toThrow(words);
  });

  test('in time rejects with the reason of who gave up', async () => {
    const giveUp = new AbortController();
    const url = await site(() => giveUp.abort(new Error('given up')));
    await expect(systemHttp(url, { signal: giveUp.signal })).rejects.toThrow('given up');
    await expect(systemHttp(url, { signal: giveUp.signal })).rejects.toThrow('given up');
  });
});

test('what is sent has its length, who asks, and the login of the address', async () => {
  let asked: IncomingMessage | undefined;
  let body = '';
  const url = await site((response, request) => {
    asked = request;
    request.on('data', (chunk: Buffer) => {
      body += chunk;
    });
    request.on('end', () => response.end());
  });
  const place = url.replace('http://', 'http://team:s3%20cret@');
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'run-1' };
  await systemHttp(place, { method: 'POST', headers, body: '{"é":1}', signal: patient() });
  expect([asked?.method, body]).toEqual(['POST', '{"é":1}']);
  expect(asked?.headers).toEqual({
    ...{ ...headers, accept: '*/*', 'user-agent': 'gateway-migrate', host: new URL(url).host },
    ...{ authorization: `Basic ${btoa('team:s3 cret')}`, 'content-length': '8', connection: 'close' },
  });
});

describe('over TLS', () => {
  const { NODE_TLS_REJECT_UNAUTHORIZED: before } = process.env;
  afterEach(() => {
    if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
  });

  test('a certificate that nobody vouches for ends it before anything is sent; one that is trusted does not', async () => {
    let requests = 0;
    // The certificate that everybody has who has the package.
    const { key, cert } = new SMTPServer({ secure: true, logger: false }).options;
    const server = createTlsServer({ key, cert }, (_request, response) => {
      requests += 1;
      response.end();
    });
    const url = `https://${await listening(server)}`;
    await expect(systemHttp(url, { signal: patient() })).rejects.toMatchObject({
      code: expect.stringContaining('CERT'),
    });
    expect(requests).toBe(0);
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    expect((await systemHttp(url, { signal: patient() })).status).toBe(200);
  });
});
