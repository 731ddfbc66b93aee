import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { Secret } from '../../src/system/secret.ts';
import { lastOf, PASSWORD } from '../e2e/production.ts';
import { type Blow, type CountingProxy, startProxy } from '../support/proxy.ts';
import { describeOnServers } from '../support/servers.ts';
import { createShop, expectEnd, type Shop, takeTurns } from './shop.ts';

/** What a RENAME does not carry, in the words of the account that restores it. */
const OBJECTS = [
  'CREATE DEFINER=`app user`@localhost VIEW labels AS SELECT id, filler FROM items',
  'CREATE DEFINER=`app user`@localhost TRIGGER first BEFORE INSERT ON items FOR EACH ROW SET NEW.filler = UPPER(NEW.filler)',
  "CREATE DEFINER=`app user`@localhost TRIGGER second BEFORE INSERT ON items FOR EACH ROW SET NEW.filler = CONCAT(NEW.filler, '2')",
  'CREATE DEFINER=`app user`@localhost PROCEDURE bump() UPDATE counters SET n = n + 1',
];
const ACCIDENT = `SET foreign_key_checks = 0; DROP TABLE items; DROP VIEW labels; DROP PROCEDURE bump;
  UPDATE counters SET n = 99; CREATE TABLE since (id INT PRIMARY KEY); INSERT INTO since VALUES (1);
  CREATE DEFINER=\`app user\`@localhost VIEW of_since AS SELECT id FROM since`;

const POINTS: readonly (Pick<Blow, 'at' | 'fate'> & { readonly during: string })[] = [
  { during: 'the load beside, rows sent and not answered', at: /^INSERT INTO `items` VALUES/, fate: 'before' },
  { during: 'the load beside, rows in', at: /^INSERT INTO `items` VALUES/, fate: 'after' },
  { during: 'the swap, RENAME not heard', at: /^RENAME TABLE/, fate: 'before' },
  { during: 'the swap, RENAME done', at: /^RENAME TABLE/, fate: 'after' },
  { during: 'the making of stored objects, none there', at: /TRIGGER `?first/, fate: 'before' },
  { during: 'the making of stored objects, one there', at: /TRIGGER `?first/, fate: 'after' },
];

/** What has come was production for a moment: whether rows were written to it no server knows after its end. */
const keptOf = ({ during }: { readonly during: string }) =>
  /RENAME done|stored objects/.test(during) ? ['_restore__'] : [];

describeOnServers(
  'the server killed in the middle of a restore, and started again',
  (server) => {
    let shop: Shop | undefined;
    let proxy: CountingProxy | undefined;
    beforeEach((context) => takeTurns(context, server()));
    afterEach(async () => {
      await proxy?.close();
      shop?.production.remove();
    });

    /** A restore behind a proxy that kills the server there, with the tool or without; the server is up again then. */
    async function strike({ at, fate }: Pick<Blow, 'at' | 'fate'>, takesToolAlong: boolean) {
      shop = await createShop(server(), { items: 2_000 });
      await shop.production.sql('DROP TRIGGER takes_a_while');
      for (const statement of OBJECTS) await shop.production.query(statement);
      expectEnd(await shop.run('backup', 'create'), 0, 'unchanged');
      const asBackedUp = await everything(shop);
      await shop.production.sql(ACCIDENT);
      const before = await everything(shop);
      let outage: Promise<void> | undefined;
      let child: { kill(signal: NodeJS.Signals): boolean } | undefined;
      const onReached = () => {
        if (takesToolAlong) child?.kill('SIGKILL');
        outage = server()
          .kill()
          .then(() => new Promise((resolve) => setTimeout(resolve, takesToolAlong ? 0 : 1_000)))
          .then(() => server().start())
          .then(() => letIn(shop as Shop))
          .then(() => proxy?.heal());
      };
      proxy = await startProxy(server().socket, { at, fate, onReached });
      const address = { name: shop.production.database, user: 'app user', passwordFile: 'password', tls: false };
      shop.production.configure({ database: { ...address, host: '127.0.0.1', port: proxy.port } });
      const restore = shop.start('restore');
      child = restore.child;
      const ended = await restore.end;
      if (!outage) throw new Error(`the restore never came there:\n${ended.stdout}`);
      await outage;
      shop.production.configure({ database: { ...address, socket: server().socket } });
      return { shop, ended, before, asBackedUp };
    }

    /** A login over TCP without TLS needs that the server knows the password already: MySQL forgets it when it dies. */
    const letIn = async ({ production }: Shop) => {
      const target = server().target(production.database);
      await connect({ ...target, user: 'app user', password: new Secret(PASSWORD) });
    };
    const everything = async (one: Shop) => ({
      ...(await one.state()),
      views: await one.production.query(
        'SELECT TABLE_NAME AS name, VIEW_DEFINITION AS text FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1',
      ),
      triggers: await one.production.query(
        `SELECT TRIGGER_NAME AS name, ACTION_ORDER AS place, ACTION_STATEMENT AS text FROM information_schema.TRIGGERS
         WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY 1`,
      ),
    });
    const beside = async ({ production }: Shop) => {
      const rows = await production.query(`SHOW DATABASES LIKE '${production.database.replaceAll('_', '\\_')}\\_%'`);
      return rows.map((row) => String(Object.values(row)[0]).slice(production.database.length).replace(/\d+/g, ''));
    };

    for (const point of POINTS) {
      test(`with the tool, during ${point.during}: resume ends it, rollback goes back`, async () => {
        for (const way of ['resume', 'rollback'] as const) {
          const struck = await strike(point, true);
          const wasSwapping = point.during.startsWith('the load') ? 'unchanged' : 'changed';
          expectEnd(await struck.shop.run(way), 0, way === 'resume' ? 'restored' : wasSwapping);
          const wanted = way === 'resume' ? struck.asBackedUp : struck.before;
          expect(comparable(await everything(struck.shop)), way).toEqual(comparable(wanted));
          expect(await beside(struck.shop), way).toEqual(way === 'resume' ? ['_before__'] : keptOf(point));
          expect(struck.shop.isUp).toBe(true);
          await proxy?.close();
          struck.shop.production.remove();
        }
      });
    }
    for (const point of POINTS) {
      test(`alone, during ${point.during}: the run goes back by itself`, async () => {
        const struck = await strike(point, false);
        expectEnd(struck.ended, 2, 'unchanged');
        expect(lastOf(struck.ended).error).toMatchObject({
          state: 'everything this run did was undone: production is as it was before',
          next: 'mend the cause, then: gateway-migrate restore',
        });
        expect(comparable(await everything(struck.shop))).toEqual(comparable(struck.before));
        expect(await beside(struck.shop)).toEqual(keptOf(point));
        expect(struck.shop.isUp).toBe(true);
        expectEnd(await struck.shop.run('restore'), 0, 'restored');
        expect(comparable(await everything(struck.shop))).toEqual(comparable(struck.asBackedUp));
      });
    }
  },
  { durable: true, args: ['--log-bin-trust-function-creators=1'] },
);

/** MySQL names a column's character set from the moment on that its collation was given, as a dump does. */
function comparable(state: unknown): unknown {
  return JSON.parse(JSON.stringify(state).replaceAll(' CHARACTER SET utf8mb4 COLLATE', ' COLLATE'));
}
