import { expect, it } from 'vitest';
import { dropUnmarked, listBeside, makeBeside, nameBeside } from '../../src/exchange/side-database.ts';
import type { Session } from '../../src/mysql/connect.ts';
import { quoteName } from '../../src/mysql/quote.ts';
import { contextFor } from '../backup/support.ts';
import { describeOnServers } from '../support/servers.ts';

describeOnServers('what restores have made beside production', (server) => {
  it('is listed although a database of another restore goes away while it is read', async () => {
    const database = await server().createDatabase();
    const { server: mine } = await contextFor(server().target(database));
    const session = await mine.open();
    const at = new Date('2026-03-01T02:00:00Z');
    const [kept, leaving] = [nameBeside(database, 'before', at), nameBeside(database, 'restore', at)];
    for (const [name, role] of [[leaving, 'restore'] as const, [kept, 'before'] as const]) {
      await makeBeside(session, { name, role, ofDatabase: database, run: 'r1' });
    }
    expect((await listBeside(session, database)).map(({ name }) => name).sort()).toEqual([kept, leaving]);

    const other = await mine.open();
    const dropping: Session = {
      ...session,
      async query(sql, values) {
        const rows = await session.query(sql, values);
        if (/information_schema/.test(sql)) await other.execute(`DROP DATABASE ${quoteName(leaving)}`);
        return rows as never;
      },
    };
    expect((await listBeside(dropping, database)).map(({ name }) => name)).toEqual([kept]);

    await other.execute(`DROP DATABASE ${quoteName(kept)}`);
    await Promise.all([session.close(), other.close()]);
  });

  it.each([
    ['with nothing in it', '_restore_20260301_020000', undefined, true],
    ['that is to keep what production was', '_before_20260301_020000', undefined, false],
    ['of another name', '_restored', undefined, false],
    ['of another form of moment', '_restore_2026', undefined, false],
    ['with a table', '_restore_20260301_020001', 'CREATE TABLE t (id INT)', false],
    ['with a view', '_restore_20260301_020002', 'CREATE VIEW v AS SELECT 1', false],
    ['with a routine', '_restore_20260301_020003', 'CREATE PROCEDURE p() SELECT 1', false],
    ['with an event', '_restore_20260301_020004', 'CREATE EVENT e ON SCHEDULE EVERY 1 YEAR DO SELECT 1', false],
  ])('and nobody has marked goes: a database %s (%s)', async (_, suffix, makes, goes) => {
    const database = await server().createDatabase();
    const { server: mine } = await contextFor(server().target(database));
    const session = await mine.open();
    const name = `${database}${suffix}`;
    await session.execute(`CREATE DATABASE ${quoteName(name)}`);
    const inside = await mine.open({ database: name });
    if (makes) await inside.query(makes);
    await dropUnmarked(session, database);
    const left = await session.query('SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?', [name]);
    expect(left.length).toBe(goes ? 0 : 1);
    await session.execute(`DROP DATABASE IF EXISTS ${quoteName(name)}`);
    await Promise.all([session.close(), inside.close()]);
  });
});
