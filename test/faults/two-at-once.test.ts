import { afterAll, beforeAll, expect, test } from 'vitest';
import { lastOf } from '../e2e/production.ts';
import { describeOnServers } from '../support/servers.ts';
import { createShop, IS_THOROUGH, type Shop } from './shop.ts';

const ROUNDS = IS_THOROUGH ? 50 : 2;

describeOnServers('two deploys started at once', (server) => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await createShop(server(), {
      files: {},
      config: { backup: { dir: 'backups', minFree: '1MB', verify: 'checksum' } },
    });
    await shop.production.sql('DROP TRIGGER takes_a_while');
  });
  afterAll(() => shop?.production.remove());

  test(`${ROUNDS} times: one applies, the other is told who, where, since when`, async () => {
    const applied: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const version = versionOf(round);
      shop.production.migration(
        fileOf(round),
        `-- migrate:up
CREATE TABLE round_${round} (id INT PRIMARY KEY);
UPDATE counters SET n = n + 1;
DO SLEEP(1);
INSERT INTO round_${round} VALUES (1);
-- migrate:down
DROP TABLE round_${round};
`,
      );
      if (round % 2 === 0) await forget(applied.splice(0));
      applied.push(round);
      const both = await Promise.all([shop.run('deploy'), shop.run('deploy')]);
      const [winner, loser] = both.toSorted((a, b) => (a.code ?? 0) - (b.code ?? 0)).map(lastOf);
      expect(winner, JSON.stringify([winner, loser])).toMatchObject({ exitCode: 0, applied: [version] });
      expect(loser, JSON.stringify([winner, loser])).toMatchObject({
        exitCode: 5,
        production: 'unchanged',
        applied: [],
      });
      expect((loser?.error as { what: string } | undefined)?.what).toMatch(
        new RegExp(
          `^another run holds the lock: \`deploy\` of \\S+@\\S+ \\(process \\d+\\), since \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC, run ${winner?.run}$`,
        ),
      );
    }
    const counters = await shop.production.query<{ n: number }>('SELECT n FROM counters ORDER BY id');
    expect(counters.map(({ n }) => n - ROUNDS)).toEqual([0, 10, 20, 30]);
    console.log(`${ROUNDS} pairs of deploys at once on ${server().kind}: one applied, one refused, every time`);
  }, 600_000);

  /** Takes all that rounds left away, so that the next deploys are the first that the database sees. */
  async function forget(rounds: readonly number[]): Promise<void> {
    for (const round of rounds) shop.production.migration(fileOf(round), undefined);
    const tables = [...rounds.map((round) => `round_${round}`), 'gateway_migrate_history', 'gateway_migrate_journal'];
    await shop.production.sql(`DROP TABLE ${tables.join(', ')}`);
  }
});

function versionOf(round: number): string {
  return String(20_260_100_000_000 + round);
}

function fileOf(round: number): string {
  return `${versionOf(round)}_round.sql`;
}
