import { expect, test } from 'vitest';
import { healthPhase } from '../../../src/phases/site/health.ts';
import { answerWith } from '../../support/answering.ts';
import { appConfig } from '../../support/laravel.ts';
import { recordedContext } from '../../support/recorded-context.ts';

const SHORT = { withinMs: 100, requestMs: 3_000, pauseMs: 10 };

test('says what the site answers, and how fast', async () => {
  const site = await answerWith(200);
  const phase = healthPhase(appConfig('/', site.url));
  expect(await phase.run({ expect: 200 }, recordedContext())).toMatch(/^200 after \d+ ms$/);
});

test('the status expected is the step’s: a site left in maintenance answers 503', async () => {
  const site = await answerWith(503);
  const phase = healthPhase(appConfig('/', site.url));
  expect(await phase.run({ expect: 503 }, recordedContext())).toMatch(/^503 after \d+ ms$/);
});

test('a site that needs a moment gets it', async () => {
  const site = await answerWith(500);
  const running = healthPhase(appConfig('/', site.url), { ...SHORT, withinMs: 10_000 }).run(
    { expect: 200 },
    recordedContext(),
  );
  while (site.requests < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  site.status = 200;
  expect(await running).toMatch(/^200 after \d+ ms$/);
});

test('a redirect is not what was expected', async () => {
  const site = await answerWith(302, { location: '/login' });
  const failing = healthPhase(appConfig('/', site.url), SHORT).run({ expect: 200 }, recordedContext());
  await expect(failing).rejects.toThrow(/^http:\S+ should answer 200, but after \d+ ms it answers 302$/);
});

test('a site that does not answer: what was asked, what came, and the way on', async () => {
  const failing = healthPhase(appConfig('/', 'http://127.0.0.1:9999/'), SHORT).run({ expect: 200 }, recordedContext());
  await expect(failing).rejects.toThrow(
    /^http:\/\/127.0.0.1:9999\/ should answer 200, but after \d+ ms it answers nothing \(connect ECONNREFUSED 127.0.0.1:9999\)$/,
  );
  await expect(failing).rejects.toMatchObject({
    exitCode: 3,
    production: 'changed',
    state: 'the database is as the steps before this one say; the site does not answer as it should',
    next: 'gateway-migrate rollback',
  });
});

test('no URL is said, and a step that was cut off is asked again', async () => {
  const phase = healthPhase(appConfig('/', undefined));
  expect(await phase.run({ expect: 200 }, recordedContext())).toBe('no health URL configured: the site was not asked');
  expect(await phase.probe({ expect: 200 }, recordedContext())).toBe('not-done');
});
