import { afterEach, expect, test } from 'vitest';
import { lastOf } from '../e2e/production.ts';
import { describeOnServers } from '../support/servers.ts';
import { createShop, expectEnd, type Shop } from './shop.ts';

/** The rows that the UPDATE meets are nowhere noted, and the author wrote no way back. */
const NAME = '20260101000000_one_way.sql';
const UP = `-- migrate:up
UPDATE counters SET n = n * 2;
ALTER TABLE items ADD COLUMN label_id INT NULL, ALGORITHM=COPY;
`;
const REASON =
  'no certain way back from 20260101000000: statement 1 (UPDATE): UPDATE changes rows, which no statement brings back';
const STATE = 'what was applied is still in place, nothing was undone';
const NEXT =
  'gateway-migrate resume (goes on forward once the file is mended) or gateway-migrate restore --backup latest';

describeOnServers('a run without a way back can always go on', (server) => {
  let shop: Shop;
  afterEach(() => shop?.production.remove());
  const doubled = [0, 20, 40, 60].map((n, index) => ({ id: index + 1, n }));

  test('killed in a DDL: rollback is refused before it begins, resume finishes, and so is it afterwards', async () => {
    shop = await createShop(server(), { files: { [NAME]: UP }, items: 30_000 });
    const deploy = shop.start('deploy');
    await shop.whileRunning(deploy, 'ALTER TABLE items ADD%');
    deploy.child.kill('SIGKILL');
    await deploy.end;

    const refused = await shop.run('rollback');
    expectEnd(refused, 3, 'changed');
    expect(lastOf(refused).error).toEqual({ what: REASON, state: STATE, next: NEXT });
    expect(shop.isUp).toBe(false);
    expect(lastOf(await shop.run('status')).unfinished).toMatchObject({ command: 'deploy' });

    expectEnd(await shop.run('resume'), 0, 'changed');
    expect((await shop.state())['rows counters']).toEqual(doubled);
    expect(shop.isUp).toBe(true);
    const late = await shop.run('rollback');
    expectEnd(late, 3, 'changed');
    expect(lastOf(late).error).toEqual({
      what: REASON,
      state: STATE,
      next: 'gateway-migrate restore --backup latest',
    });
    expect(lastOf(await shop.run('status')).unfinished).toBeNull();
    expect(shop.isUp).toBe(true);
  });

  test('a statement fails: the deploy stops where it is, and resume goes on once the file is mended', async () => {
    shop = await createShop(server(), { files: { [NAME]: `${UP}ALTER TABLE items ADD COLUMN id INT;\n` } });
    const failed = await shop.run('deploy');
    expectEnd(failed, 3, 'changed');
    expect(lastOf(failed).error).toMatchObject({
      what: expect.stringContaining(REASON),
      state: `${STATE}; the site is still in maintenance`,
      next: NEXT,
    });
    const unmended = await shop.run('resume');
    expectEnd(unmended, 3, 'changed');
    expect(lastOf(unmended).error).toMatchObject({ what: expect.stringContaining("Duplicate column name 'id'") });

    shop.production.migration(NAME, `${UP}ALTER TABLE items ADD COLUMN size INT;\n`);
    expectEnd(await shop.run('resume'), 0, 'changed');
    expect((await shop.state())['rows counters']).toEqual(doubled);
    expect((await shop.state())['create items']).toMatch(/`label_id`.*`size`/s);
    expect(shop.isUp).toBe(true);
    expect(lastOf(await shop.run('status')).unfinished).toBeNull();
  });
});
