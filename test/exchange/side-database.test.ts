import { expect, it } from 'vitest';
import { listBeside, makeBeside, nameBeside } from '../../src/exchange/side-database.ts';
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
});
