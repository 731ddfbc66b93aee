import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { connect } from '../../src/mysql/connect.ts';
import { checkDatabase } from '../../src/preflight/database.ts';
import { readAccount } from '../../src/preflight/privileges.ts';
import { checkRestoreRights } from '../../src/preflight/restore-rights.ts';
import type { Check } from '../../src/run/check.ts';
import { readSnapshot } from '../../src/schema/snapshot.ts';
import { systemClock } from '../../src/system/clock.ts';
import { describeOnServers } from '../support/servers.ts';

const CONFIG = { verify: { requireTables: [] } } as unknown as Config;
const brief = (checks: readonly Check[]) =>
  checks.map(({ name, level, detail, remedy }) => `${level} ${name}: ${detail}; ${remedy}`);

describeOnServers('the database before a deploy', (server) => {
  test('an old server, a proxy, a wrong clock, a transaction that stays open', async () => {
    const database = await server().createDatabase('shop');
    await server().sql('CREATE TABLE items (id INT PRIMARY KEY)', database);
    const production = await connect(server().target(database));
    const [session, other] = [await production.open(), await production.open()];
    await other.query('START TRANSACTION');
    await other.query('SELECT id FROM items');
    // The server takes this for the present, in NOW() and in the age of a transaction.
    await session.query('SET timestamp = UNIX_TIMESTAMP() + 100');
    const now = new Date();
    const clock = { ...systemClock, now: () => now };
    const old = {
      ...production,
      flavor: { ...production.flavor, version: [5, 7, 44] as const, label: 'MySQL 5.7.44' },
    };
    const snapshot = await readSnapshot(session, database);
    const proxied = { ...session, query: session.query.bind(session), connectionId: -1 };
    const found = (await checkDatabase(old, proxied, snapshot, CONFIG, clock)).filter(({ ok }) => !ok);
    const thread = other.connectionId;
    await Promise.all([session.close(), other.close()]);
    const steady = brief(found).map((line) => line.replace(/\d+(?=\.\d s;| s:)/g, 'some'));
    expect(steady).toEqual([
      'error version: MySQL 5.7.44 can leave a DDL statement half done after a crash; use MySQL 8.0 or newer, or MariaDB 10.6 or newer',
      'warning one connection: a proxy hands out other server connections: locks of the server do not bind, the lease row does; connect to the server itself',
      ...(server().kind === 'mariadb'
        ? [
            'warning binary log: off: a restore can only go back to the moment of a backup; set log_bin and binlog_format=ROW in the server configuration',
          ]
        : []),
      expect.stringMatching(
        /^warning clock: differs from this machine's by some\.\d s; synchronise both clocks: a point in time means nothing else$/,
      ),
      expect.stringMatching(
        new RegExp(
          `^warning open transaction: thread ${thread}, root@localhost, open for some s: .*; wait for its end, or: KILL ${thread}$`,
        ),
      ),
    ]);
  });

  test('an account that could not restore: what it lacks, and what to grant', async () => {
    const database = await server().createDatabase('shop');
    await server().sql(
      "CREATE USER 'poor'@'localhost'; CREATE FUNCTION one() RETURNS INT DETERMINISTIC RETURN 1;",
      database,
    );
    await server().sql(`GRANT ALL ON \`${database.replaceAll('_', '\\_')}\`.* TO 'poor'@'localhost'`);
    const place = await connect({ ...server().target(database), user: 'poor' });
    const poor = await place.open();
    const found = (await checkRestoreRights(place, poor, await readAccount(poor))).filter(({ ok }) => !ok);
    await poor.close();
    const beside = `${database}_restore_… and ${database}_before_…`;
    expect(brief(found)).toEqual([
      `warning database beside: poor@localhost may not create ${beside}, which a restore makes; ${['restore', 'before'].map((kind) => `GRANT ALL ON \`${database.replaceAll('_', '\\_')}\\_${kind}\\_%\`.* TO 'poor'@'localhost';`).join(' ')}`,
      "warning definers: poor@localhost may not create what belongs to root@localhost; GRANT SET_ANY_DEFINER (MySQL) or SET USER (MariaDB) ON *.* TO 'poor'@'localhost';",
      ...(server().kind === 'mysql'
        ? [
            'warning triggers and functions: poor@localhost may not create the 1 triggers and functions that are there: the server has a binary log; SET GLOBAL log_bin_trust_function_creators = 1; as an administrator, and in the server configuration',
          ]
        : []),
    ]);
  });
});
