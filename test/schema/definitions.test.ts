import { expect, it } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { type Creation, readCreation } from '../../src/schema/definitions.ts';
import { readSnapshot } from '../../src/schema/snapshot.ts';
import type { ObjectId } from '../../src/schema/types.ts';
import { describeOnServers } from '../support/servers.ts';
import { runAll, withSession } from './sessions.ts';
import { ROUTINES, SHOP } from './shop.ts';

describeOnServers(
  'the definition of an object',
  (server) => {
    it('makes the same object again', async () => {
      const database = await server().createDatabase();
      await runAll(server(), database, [...SHOP, ...(server().kind === 'mariadb' ? ['CREATE SEQUENCE counter'] : [])]);
      await withSession(server(), database, async (session) => {
        const before = await readSnapshot(session, database);
        const ids = [...before.objects.keys()].filter((id) => id !== 'table:companies' && id !== 'trigger:first_in');
        for (const id of ids) {
          const { text } = (await readCreation(session, database, id)) as Creation;
          if (id === 'table:orders') continue;
          await runAll(server(), database, [`DROP ${id.replace(':', ' ')}`, text]);
        }
        expect((await readSnapshot(session, database)).fingerprint).toBe(before.fingerprint);
      });
    });

    it('names the definer, and is absent with the object', async () => {
      const database = await server().createDatabase();
      await runAll(server(), database, SHOP);
      await withSession(server(), database, async (session) => {
        expect((await readCreation(session, database, 'trigger:first_in'))?.text).toMatch(
          /^CREATE DEFINER=`root`@`localhost` trigger/i,
        );
        const absent: ObjectId[] = [
          'table:x',
          'view:x',
          'trigger:x',
          'procedure:x',
          'function:x',
          'event:x',
          'table:paid',
          'view:orders',
        ];
        if (server().kind === 'mariadb') absent.push('sequence:x', 'sequence:orders');
        for (const id of absent) expect(await readCreation(session, database, id), id).toBeUndefined();
        expect(await readCreation(session, 'no_such_database', 'table:x')).toBeUndefined();
      });
    });

    it('is an error, not absent, when the account may not see it', async () => {
      const database = await server().createDatabase();
      await runAll(server(), database, ROUTINES);
      const account = `reader_${database}`;
      await server().sql(`CREATE USER ${account}; GRANT SELECT, EXECUTE ON \`${database}\`.* TO ${account}`);
      const session = await (await connect({ ...server().target(database), user: account })).open();
      await expect(readCreation(session, database, 'function:twice')).rejects.toThrow(
        'the definition of function twice is hidden from this account (it needs SHOW_ROUTINE or the definer)',
      );
      await session.close();
    });
  },
  { onNewer: true },
);
