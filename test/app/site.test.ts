import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { askSite, describeAnswer, waitForStatus } from '../../src/app/site.ts';
import { answerWith } from '../support/answering.ts';
import { recordedContext } from '../support/recorded-context.ts';

const PATIENCE = { withinMs: 5_000, requestMs: 1_000, pauseMs: 5 };
const ports = recordedContext();

test('a redirect is an answer of its own and is not followed', async () => {
  const site = await answerWith(302, { location: 'http://127.0.0.1:1/login' });
  expect(await askSite(site.url, 1_000, ports)).toMatchObject({ status: 302 });
});

test('asks until the site answers as wanted', async () => {
  const site = await answerWith(502);
  const waiting = waitForStatus(site.url, 200, PATIENCE, ports);
  while (site.requests < 3) await new Promise((resolve) => setTimeout(resolve, 1));
  site.status = 200;
  expect(await waiting).toMatchObject({ status: 200 });
});

test('gives the last answer when patience ends', async () => {
  const site = await answerWith(500);
  // Time passes only while it sleeps: how fast the machine is does not matter.
  let nowMs = 0;
  const sleep = async (ms: number) => {
    nowMs += ms;
  };
  const clock = { ...ports.clock, ticksMs: () => nowMs, sleep };
  const answer = await waitForStatus(site.url, 200, { ...PATIENCE, withinMs: 40 }, { ...ports, clock });
  expect(answer).toEqual({ status: 500, ms: 35 });
  expect(site.requests).toBe(8);
});

test('says in the system’s words why there is no answer', async () => {
  const closed = await askSite('http://127.0.0.1:1/', 1_000, ports);
  expect(describeAnswer(closed)).toBe('nothing (connect ECONNREFUSED 127.0.0.1:1)');
});

test('a site that hangs is given up', async () => {
  const hanging = createServer(() => undefined).listen(0, '127.0.0.1');
  onTestFinished(() => {
    hanging.closeAllConnections();
    hanging.close();
  });
  await once(hanging, 'listening');
  const { port } = hanging.address() as AddressInfo;
  const answer = await askSite(`http://127.0.0.1:${port}/`, 20, ports);
  expect(describeAnswer(answer)).toBe('nothing (no answer within 20 ms)');
});

test('Ctrl-C ends the waiting', async () => {
  const site = await answerWith(500);
  const abort = new AbortController();
  const waiting = waitForStatus(site.url, 200, PATIENCE, { ...ports, signal: abort.signal });
  abort.abort(new Error('interrupted by Ctrl-C'));
  await expect(waiting).rejects.toThrow('interrupted by Ctrl-C');
});
