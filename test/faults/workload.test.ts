import { afterEach, expect, test } from 'vitest';
import { connect, type Session } from '../../src/mysql/connect.ts';
import { describeOnServers } from '../support/servers.ts';
import { createShop, IS_THOROUGH, type Shop } from './shop.ts';

const DEPLOYS = IS_THOROUGH ? 20 : 5;
const CLIENTS = 3;
const ROWS = 4;
/** What a deploy adds to every counter: far more than the clients do. */
const STEP = 1_000_000;

const MIGRATING = /"type":"step\.started"[^\n]*"id":"migrate"/;

/** Clients that add one to a counter, and count what the server has confirmed. */
class Workload {
  readonly confirmed = Array.from({ length: ROWS }, () => 0);
  #isOver = false;
  readonly #clients: Promise<void>[] = [];

  start(session: Session): void {
    this.#clients.push(this.#work(session));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
  }

  async #work(session: Session): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      const row = turn % ROWS;
      await session.execute(`UPDATE counters SET n = n + 1 WHERE id = ${row + 1}`);
      this.confirmed[row] = (this.confirmed[row] ?? 0) + 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await session.close();
  }
}

describeOnServers('a workload on the rows that deploys change', (server) => {
  let shop: Shop;
  afterEach(() => shop?.production.remove());

  test(`${DEPLOYS} deploys, killed at random while they migrate: no increment is lost, none counts twice`, async () => {
    shop = await createShop(server(), { files: {} });
    await shop.production.sql('DROP TRIGGER takes_a_while');
    const target = await connect(server().target(shop.production.database));
    const workload = new Workload();
    for (let client = 0; client < CLIENTS; client++) workload.start(await target.open({ purpose: 'migration' }));
    let applied = 0;
    let kills = 0;
    for (let deploy = 1; deploy <= DEPLOYS; deploy++) {
      shop.production.migration(`${20_260_100_000_000 + deploy}_add.sql`, migration(deploy));
      const first = shop.start('deploy', '--skip-backup');
      first.child.stdout?.on('data', (text: string) => {
        // Killed before its run is noted, it is no run: `rollback` would mean the one before it.
        if (MIGRATING.test(text)) setTimeout(() => first.child.kill('SIGKILL'), Math.random() * 100);
      });
      let ended = await first.end;
      if (ended.code === null) {
        kills++;
        const goesBack = deploy % 2 === 0;
        ended = await shop.run(goesBack ? 'rollback' : 'resume');
      }
      expect(ended.code, ended.stdout + ended.stderr).toBe(0);
      const [table] = await shop.production.query(`SHOW TABLES LIKE 'added_${deploy}'`);
      if (table) applied++;
      else if (deploy % 2 === 1) applied += await finish(shop);
      else shop.production.migration(`${20_260_100_000_000 + deploy}_add.sql`, undefined);
    }
    await workload.stop();
    const counters = await shop.production.query<{ n: number }>('SELECT n FROM counters ORDER BY id');
    const expected = workload.confirmed.map((confirmed, row) => row * 10 + confirmed + applied * STEP);
    expect(counters.map(({ n }) => Number(n))).toEqual(expected);
    const increments = workload.confirmed.reduce((sum, one) => sum + one, 0);
    console.log(
      `${server().kind}: ${increments} increments during ${DEPLOYS} deploys, ${kills} killed: none lost, none twice`,
    );
    expect(increments).toBeGreaterThan(DEPLOYS);
  }, 600_000);
});

/** Killed before anything was begun there is nothing to resume: then it is deployed after all. */
async function finish(shop: Shop): Promise<number> {
  const ended = await shop.run('deploy', '--skip-backup');
  expect(ended.code, ended.stdout + ended.stderr).toBe(0);
  return 1;
}

function migration(deploy: number): string {
  return `-- migrate:up
UPDATE counters SET n = n + ${STEP / 2};
CREATE TABLE added_${deploy} (id INT PRIMARY KEY);
UPDATE counters SET n = n + ${STEP / 2};
-- migrate:down
UPDATE counters SET n = n - ${STEP / 2};
DROP TABLE added_${deploy};
UPDATE counters SET n = n - ${STEP / 2};
`;
}
