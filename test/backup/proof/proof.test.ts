import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { readManifest, type TableEntry, writeManifest } from '../../../src/backup/file/manifest.ts';
import type { WithProofPlace } from '../../../src/backup/proof/place.ts';
import { proveBackup } from '../../../src/backup/proof/proof.ts';
import { withScratchPlace } from '../../../src/backup/proof/scratch-place.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { proofPlaces } from '../../../src/private-server/proof/places.ts';
import { withProofServer } from '../../../src/private-server/proof/server.ts';
import { Secret } from '../../../src/system/secret.ts';
import { serversDir } from '../../support/installed.ts';
import { describeOnServers, type TestServer } from '../../support/servers.ts';
import { clientsOf, contextFor, runScript, takeBackup } from '../support.ts';
import { KEYS, OF_ONE, ZOO } from '../zoo.ts';

function environment(server: TestServer) {
  return { PATH: process.env.PATH, GATEWAY_MIGRATE_CLIENTS: server.binDir };
}

const SCRATCH = /^(?:\w+|`\w+`)_proof$/;

async function databasesOf(server: TestServer): Promise<unknown[]> {
  const session = await (await contextFor(server.target('mysql'))).server.open();
  const rows = await session.query('SELECT schema_name AS name FROM information_schema.schemata');
  await session.close();
  return rows.map(({ name }) => name).filter((name) => SCRATCH.test(String(name)));
}

describeOnServers(
  'the proof of a backup',
  (server) => {
    // In memory, like the servers of the tests.
    beforeAll(() => {
      process.env.TMPDIR = serversDir();
    });

    const onPrivate: WithProofPlace = async (backup, context, body) =>
      withProofServer(backup, context, { env: environment(server()), folders: [], production: undefined }, body);

    it('holds for everything there is, on a private server of the same series', async () => {
      const database = await server().createDatabase();
      await runScript(server(), database, ZOO + KEYS + OF_ONE[server().kind]);
      const { file, context } = await takeBackup(server(), server().target(database));
      const left = join(tmpdir(), 'gateway-migrate-proof-4194303');
      mkdirSync(left, { recursive: true });
      expect(await proveBackup(file, 'prove', onPrivate, context)).toEqual({
        differences: [],
        method: expect.stringMatching(/^a private M\w+ \d/),
      });
      const { proof } = await readManifest(file);
      expect(proof).toEqual({ at: expect.any(String), method: expect.any(String), ms: expect.any(Number) });
      expect([existsSync(left), existsSync(join(tmpdir(), `gateway-migrate-proof-${process.pid}`))]).toEqual([
        false,
        false,
      ]);
    });

    it('holds for views of other accounts, upon one another, with their functions, and of nobody', async () => {
      const database = await server().createDatabase();
      await server().sql(`CREATE USER 'app user'@localhost; GRANT ALL ON *.* TO 'app user'@localhost`);
      const owner = `CREATE DEFINER='app user'@localhost`;
      await runScript(
        server(),
        database,
        `CREATE TABLE a (id INT PRIMARY KEY);
         ${owner} VIEW v AS SELECT id FROM a;
         ${owner} VIEW w AS SELECT id FROM v;
         ${owner} FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1;
         ${owner} VIEW x AS SELECT id, f() FROM w;
         CREATE DEFINER=nobody@localhost VIEW n AS SELECT id FROM a;`,
      );
      const { file, context } = await takeBackup(server(), server().target(database));
      await server().sql(`DROP USER 'app user'@localhost`);
      expect(await proveBackup(file, 'prove', onPrivate, context)).toMatchObject({ differences: [] });
    });

    it('holds in a scratch database of production, which leaves nothing, not even in the binary log', async () => {
      const database = await server().createDatabase();
      await runScript(server(), database, ZOO + KEYS + OF_ONE[server().kind]);
      // MariaDB writes the database's name into the text of such a view.
      await runScript(
        server(),
        database,
        `CREATE TABLE ${database} (id INT); CREATE TABLE firms (id INT, a INT);
         CREATE DEFINER='no'@'body' VIEW nobodys AS SELECT f.id, x.id AS x, '\`${database}\`' AS name FROM ${database} x JOIN firms f ON f.id = x.id WHERE f.a > 0;`,
      );
      // A dump changes the database's character set around what was made under another one.
      await runScript(server(), database, `ALTER DATABASE ${database} CHARACTER SET latin1 COLLATE latin1_swedish_ci`);
      const { file, context } = await takeBackup(server(), server().target(database));
      await server().sql(
        `CREATE DATABASE ${database}_proof; CREATE TABLE ${database}_proof.gateway_migrate_scratch (id INT); CREATE TABLE ${database}_proof.left_by_a_killed_run (id INT)`,
      );
      const before = await logOf(server());
      const onScratch: WithProofPlace = (backup, within, body) =>
        withScratchPlace(backup, context.server, within, environment(server()), body);
      expect(await proveBackup(file, 'prove', onScratch, context)).toEqual({
        differences: [],
        method: `the database ${database}_proof on the same server, out of its binary log; events were left out`,
      });
      expect(await logOf(server())).toEqual(before);
      expect(await databasesOf(server())).toEqual([]);
    });

    it('names everything that does not come back', async () => {
      const database = await server().createDatabase();
      await runScript(server(), database, ZOO);
      const { file, manifest, context } = await takeBackup(server(), server().target(database));
      const none = '0'.repeat(64);
      const tables = manifest.tables
        .filter(({ name }) => name !== 'empty_one')
        .map((table) => ({
          ...table,
          ...(table.name === 'a' ? { digest: none } : table.name === 'b' ? { rows: 2 } : {}),
        }));
      await writeManifest(file, {
        ...manifest,
        tables: [...tables, { ...tables[0], name: 'gone' } as TableEntry],
        sections: manifest.sections?.map((one) => (one.kind === 'view' ? { ...one, digest: none } : one)) ?? [],
        objects: { ...manifest.objects, function: ['a_function', 'another_function'] },
      });
      const onScratch: WithProofPlace = (backup, within, body) =>
        withScratchPlace(backup, context.server, within, environment(server()), body);
      expect(await proveBackup(file, 'prove', onScratch, context)).toMatchObject({
        differences: [
          'table a is not the same after the load',
          'table b has 1 rows after the load instead of 2',
          'table gone is missing after the load',
          'table empty_one is there after the load and not in the manifest',
          'view a_view_of_a_view is not the same after the load',
          'view first_view is not the same after the load',
          'function another_function is missing after the load',
        ],
      });
      const { proof, disproof } = await readManifest(file);
      expect(proof).toBe(null);
      expect(disproof?.differences).toHaveLength(7);
      await writeManifest(file, { ...manifest, ...(disproof ? { disproof } : {}) });
      expect(await proveBackup(file, 'prove', onScratch, context)).toMatchObject({ differences: [] });
      expect(await readManifest(file)).not.toHaveProperty('disproof');
    });

    it('reads the largest tables beside the others, whatever their names, and misses nothing in either', async () => {
      const database = await server().createDatabase();
      const fill = (table: string, rows: number) =>
        `INSERT INTO ${table} VALUES ${Array.from({ length: rows }, (_, id) => `(${id}, 'row ${id}')`)};`;
      await runScript(
        server(),
        database,
        `CREATE TABLE \`-o'dd.\`\`na"me % \\ ☃\` (id INT PRIMARY KEY, t TEXT); ${fill('`-o\'dd.``na"me % \\ ☃`', 3000)}
         CREATE TABLE other (id INT PRIMARY KEY, t TEXT); ${fill('other', 1000)}
         CREATE TABLE small (id INT PRIMARY KEY, t TEXT); ${fill('small', 10)}
         CREATE TRIGGER named BEFORE INSERT ON \`-o'dd.\`\`na"me % \\ ☃\` FOR EACH ROW SET NEW.t = 'named';
         CREATE VIEW all_of_it AS SELECT * FROM \`-o'dd.\`\`na"me % \\ ☃\`;`,
      );
      const { file, manifest, context } = await takeBackup(server(), server().target(database));
      const onOwn: WithProofPlace = async (_, __, body) => {
        const target = server().target(await server().createDatabase());
        const clients = await clientsOf(server());
        const place = await connect(target);
        return body({ title: 'another database', server: place, clients, isUnlogged: false, isShared: false });
      };
      expect(await proveBackup(file, 'prove', onOwn, context)).toEqual({
        differences: [],
        method: 'another database',
      });
      const tables = manifest.tables.map((table) => ({ ...table, digest: '0'.repeat(64) }));
      await writeManifest(file, { ...manifest, tables: [...tables, { ...tables[0], name: 'gone' } as TableEntry] });
      expect(await proveBackup(file, 'prove', onOwn, context)).toMatchObject({
        differences: [
          'table -o\'dd.`na"me % \\ ☃ is not the same after the load',
          'table other is not the same after the load',
          'table small is not the same after the load',
          'table gone is missing after the load',
        ],
      });
    });

    it('is not given without a place for it, and says why', async () => {
      const database = await server().createDatabase();
      await runScript(server(), database, 'CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1);');
      await server().sql(
        `CREATE USER poor@localhost IDENTIFIED BY 'x'; GRANT ALL ON \`${database}\`.* TO poor@localhost`,
      );
      const target = { ...server().target(database), user: 'poor', password: new Secret('x') };
      const { file, manifest, context } = await takeBackup(server(), target);
      await writeManifest(file, { ...manifest, server: { ...manifest.server, version: '5.1.2' } });
      const places = proofPlaces({ env: environment(server()), backupDir: dirname(file), production: context.server });
      expect(await proveBackup(file, 'prove', places, context)).toEqual({
        unable: expect.stringMatching(
          /^there is no server program of M\w+ 5\.1\.2 on this machine; the server is another one than that of the backup \(M\w+ 5\.1\.2\)$/,
        ),
      });
      await writeManifest(file, manifest);
      const onScratch: WithProofPlace = (backup, within, body) =>
        withScratchPlace(backup, context.server, within, environment(server()), body);
      expect(await proveBackup(file, 'prove', onScratch, context)).toEqual({
        unable: expect.stringMatching(
          /^the database \w+_proof cannot be made for the proof: Access denied .*; GRANT ALL ON .*_proof.* TO 'poor'@'localhost'$/,
        ),
      });
      expect((await readManifest(file)).proof).toBe(null);
    });

    it('leaves nothing when it is interrupted', async () => {
      const database = await server().createDatabase();
      await runScript(server(), database, KEYS);
      const { file, context } = await takeBackup(server(), server().target(database));
      const controller = new AbortController();
      const own = join(tmpdir(), `gateway-migrate-proof-${process.pid}`);
      const proving = proveBackup(
        file,
        'prove',
        async (backup, within, body) =>
          onPrivate(backup, within, async (place) => {
            controller.abort(new Error('Ctrl-C'));
            return body(place);
          }),
        { ...context, signal: controller.signal },
      );
      await expect(proving).rejects.toThrow('Ctrl-C');
      expect(existsSync(own)).toBe(false);
      expect(readdirSync(dirname(file)).length).toBe(2);
    });
  },
  { binlog: true, onNewer: true },
);

/** Where the binary log ends. */
async function logOf(server: TestServer): Promise<unknown> {
  const session = await (await contextFor(server.target('mysql'))).server.open();
  const show = server.kind === 'mysql' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS';
  const [row] = await session.query(show);
  await session.close();
  return [row?.File, row?.Position];
}
