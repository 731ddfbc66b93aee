import fc from 'fast-check';
import { expect, it } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { diffSnapshots } from '../../src/schema/diff.ts';
import { readObjects, readSnapshot } from '../../src/schema/snapshot.ts';
import type { ObjectId, Snapshot } from '../../src/schema/types.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { COLUMN_MUTATIONS } from './mutations/columns.ts';
import { INDEX_MUTATIONS } from './mutations/indexes.ts';
import { PROGRAM_MUTATIONS } from './mutations/programs.ts';
import { TABLE_MUTATIONS } from './mutations/tables.ts';
import { runAll, withSession } from './sessions.ts';
import { DEPENDENTS, INDEXES, ROUTINES, SECOND_TRIGGER, SHOP, TABLES } from './shop.ts';

const MUTATIONS = [...COLUMN_MUTATIONS, ...INDEX_MUTATIONS, ...TABLE_MUTATIONS, ...PROGRAM_MUTATIONS];
const TOOL_TABLES = ['gateway_migrate_history', 'gateway_migrate_journal'].map(
  (name) => `CREATE TABLE ${name} (id int)`,
);

function snapshotOf(server: TestServer, database: string): Promise<Snapshot> {
  return withSession(server, database, (session) => readSnapshot(session, database));
}

describeOnServers(
  'a snapshot',
  (server) => {
    it('has the same fingerprint whatever the order of creation, the rows, the counters and the name of the database', async () => {
      const reference = await server().createDatabase();
      await runAll(server(), reference, ['SET foreign_key_checks = 0', ...SHOP]);
      const expected = await snapshotOf(server(), reference);
      const shuffled = (items: readonly string[]) => fc.shuffledSubarray([...items], { minLength: items.length });
      const orders = fc.tuple(shuffled(TABLES), shuffled(INDEXES), shuffled(ROUTINES), shuffled(DEPENDENTS), fc.nat(5));
      await fc.assert(
        fc.asyncProperty(orders, async ([tables, indexes, routines, dependents, rows]) => {
          const other = await server().createDatabase('other-name');
          const inserts = Array.from({ length: rows }, () => "INSERT INTO companies (name) VALUES ('x')");
          await runAll(server(), other, ['SET foreign_key_checks = 0', ...tables, ...inserts, ...indexes]);
          await runAll(server(), other, [...routines, ...dependents, SECOND_TRIGGER, ...TOOL_TABLES]);
          const actual = await snapshotOf(server(), other);
          expect(diffSnapshots(expected, actual)).toEqual([]);
          expect(actual.fingerprint).toBe(expected.fingerprint);
        }),
        { numRuns: 4 },
      );
    });

    it('changes its fingerprint with every kind of change, which the difference names, and comes back with its inverse', async () => {
      const database = await server().createDatabase();
      await runAll(server(), database, SHOP);
      const before = await snapshotOf(server(), database);
      const ofThisServer = MUTATIONS.filter(({ only }) => only === undefined || only === server().kind);
      for (const { title, apply, revert, objects, shows } of ofThisServer) {
        await runAll(server(), database, apply);
        const changed = await snapshotOf(server(), database);
        const differences = diffSnapshots(before, changed);
        expect(changed.fingerprint, title).not.toBe(before.fingerprint);
        expect(differences.map((difference) => difference.object).sort(), title).toEqual([...objects].sort());
        expect(
          differences.flatMap((difference) => difference.lines),
          title,
        ).toContainEqual(expect.stringMatching(shows));
        await runAll(server(), database, revert);
        const reverted = await snapshotOf(server(), database);
        expect(diffSnapshots(before, reverted), `${title}, reverted`).toEqual([]);
        expect(reverted.fingerprint, `${title}, reverted`).toBe(before.fingerprint);
      }
      expect(ofThisServer.length).toBeGreaterThan(55);
    });

    it('keeps its fingerprint with statements that change no schema', async () => {
      const database = await server().createDatabase();
      await runAll(server(), database, SHOP);
      const before = await snapshotOf(server(), database);
      await runAll(server(), database, [
        "INSERT INTO companies (name) VALUES ('a'), ('b')",
        'ALTER TABLE companies AUTO_INCREMENT = 900',
        'ALTER TABLE orders ENGINE=InnoDB',
        'ANALYZE TABLE companies',
        'TRUNCATE TABLE visits',
      ]);
      expect((await snapshotOf(server(), database)).fingerprint).toBe(before.fingerprint);
    });

    it('tells the defaults of the database', async () => {
      const database = await server().createDatabase();
      const before = await snapshotOf(server(), database);
      await server().sql(`ALTER DATABASE \`${database}\` COLLATE utf8mb4_bin`);
      const after = await snapshotOf(server(), database);
      expect(after.fingerprint).not.toBe(before.fingerprint);
      expect(diffSnapshots(before, after)).toEqual([
        { object: 'database', change: 'changed', lines: ['- collation utf8mb4_unicode_ci', '+ collation utf8mb4_bin'] },
      ]);
    });

    it('names the schema of a parent only when it is another one', async () => {
      const [one, two] = [await server().createDatabase('a-b'), await server().createDatabase('a-b')];
      for (const database of [one, two]) await runAll(server(), database, TABLES.slice(0, 1));
      const child = (parent: string) =>
        `CREATE TABLE child (id bigint unsigned, CONSTRAINT fk FOREIGN KEY (id) REFERENCES ${parent} (id))`;
      await runAll(server(), one, [child('companies')]);
      await runAll(server(), two, [child(`\`${one}\`.companies`)]);
      const [difference] = diffSnapshots(await snapshotOf(server(), one), await snapshotOf(server(), two));
      expect(difference?.object).toBe('table:child');
      expect(difference?.lines[1]).toContain(`references \`${one}\`.\`companies\` (\`id\`)`);
    });

    it('holds structured facts of a table, the same on both servers', async () => {
      const database = await server().createDatabase();
      await runAll(server(), database, SHOP);
      const { objects } = await snapshotOf(server(), database);
      const shape = objects.get('table:orders')?.table;
      expect(shape?.columns.find((column) => column.name === 'company_id')).toEqual({
        name: 'company_id',
        type: 'bigint unsigned',
        isNullable: false,
        default: null,
        extra: '',
        generation: undefined,
      });
      expect(shape?.columns.find((column) => column.name === 'note')?.default).toBeNull();
      expect(shape?.columns.find((column) => column.name === 'code')?.default).toBe("'it''s'");
      expect(shape?.indexes).toEqual([
        { name: 'PRIMARY', isUnique: true, columns: ['id'], type: 'BTREE' },
        { name: 'ft_note', isUnique: false, columns: ['note'], type: 'FULLTEXT' },
        { name: 'ix_code', isUnique: false, columns: ['code(10)'], type: 'BTREE' },
        { name: 'ix_company_status', isUnique: false, columns: ['company_id', 'status'], type: 'BTREE' },
      ]);
      expect(shape?.foreignKeys).toEqual([
        {
          name: 'orders_company',
          columns: ['company_id'],
          parentSchema: database,
          parentTable: 'companies',
          parentColumns: ['id'],
          onDelete: 'CASCADE',
          onUpdate: server().kind === 'mysql' ? 'NO ACTION' : 'RESTRICT',
        },
      ]);
      expect(shape?.engine).toBe('InnoDB');
      expect(shape?.estimatedBytes).toBeGreaterThan(0);
    });

    it('has no body that the account may not see, and says so', async () => {
      const database = await server().createDatabase();
      await runAll(server(), database, ROUTINES);
      const account = `reader_${database}`;
      await server().sql(`CREATE USER ${account}; GRANT SELECT, EXECUTE ON \`${database}\`.* TO ${account}`);
      const session = await (await connect({ ...server().target(database), user: account })).open();
      const { objects } = await readSnapshot(session, database);
      await session.close();
      expect(objects.get('function:twice')?.definition).toMatch(/body\n {2}\(the body is hidden from this account\)$/);
    });

    it('of single objects reads them with the digests of the whole snapshot, absent when they do not exist', async () => {
      const database = await server().createDatabase();
      await runAll(server(), database, [...SHOP, ...(server().kind === 'mariadb' ? ['CREATE SEQUENCE counter'] : [])]);
      await withSession(server(), database, async (session) => {
        const { objects } = await readSnapshot(session, database);
        const ids = [...objects.keys()];
        const absent: ObjectId[] = [
          'table:nope',
          'view:nope',
          'trigger:nope',
          'procedure:twice',
          'event:nope',
          'sequence:nope',
          'table:paid',
        ];
        const found = await readObjects(session, database, [...ids, ...absent]);
        expect([...found].map(([id, object]) => [id, object.digest])).toEqual(
          [...objects].map(([id, object]) => [id, object.digest]),
        );
        expect(await readObjects(session, database, [])).toEqual(new Map());
      });
    });

    it('of single objects finds them as the server resolves their names', async () => {
      const database = await server().createDatabase();
      await runAll(server(), database, SHOP);
      await withSession(server(), database, async (session) => {
        const found = await readObjects(session, database, [
          'procedure:GREET',
          'event:Nightly',
          'table:ORDERS',
          'trigger:FIRST_IN',
        ]);
        expect([...found.keys()]).toEqual(['procedure:GREET', 'event:Nightly']);
      });
    });
  },
  { onNewer: true },
);
