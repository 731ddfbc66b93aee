import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { answerWith } from '../support/answering.ts';
import { startServer } from '../support/servers.ts';
import { createProduction, finish, lastOf } from './production.ts';

const SHOPS = '-- migrate:up\nCREATE TABLE shops (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE shops;\n';

// A site that does not answer is waited for: once is enough, the database has no part in it.
test('3: everything is in place, but the site does not answer; resume asks it again', async () => {
  const server = await startServer('mariadb');
  const production = await createProduction(server, { migrations: { '1_shops.sql': SHOPS } });
  try {
    const site = await answerWith(200);
    production.configure({ app: { dir: '.', maintenance: 'none', caches: 'none', health: { url: site.url } } });
    const running = finish(production.start(['deploy', '--yes', '--json']));
    // Preflight asks once; the next who asks is the end of the deploy.
    while (site.requests === 0) await sleep(5);
    site.status = 500;
    const last = lastOf(await running);
    expect(last).toMatchObject({
      exitCode: 3,
      result: 'failed',
      production: 'changed',
      applied: ['1'],
      reverted: [],
      error: {
        what: expect.stringMatching(/^Ask the site: http:\S+ should answer 200, but after \d+ ms it answers 500$/),
        state: 'the database is changed and verified, maintenance is off, but the site does not answer as it should',
        next: 'gateway-migrate rollback, or mend the site and: gateway-migrate resume',
      },
    });
    site.status = 200;
    expect(lastOf(await production.run('resume', '--yes', '--json'))).toMatchObject({ exitCode: 0, run: last.run });
    expect((await production.run('status', '--check')).code).toBe(0);
  } finally {
    production.remove();
    await server.stop();
  }
}, 120_000);
