import mysql from 'mysql2/promise';
import { afterEach, expect, test } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { readSnapshot } from '../../src/schema/snapshot.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, lastOf, PASSWORD, type Production } from './production.ts';

/** As each was, and how a migration changes it. */
const OBJECTS = {
  view: { was: "CREATE VIEW o AS SELECT id, 'ä' AS c FROM t", becomes: 'CREATE VIEW o AS SELECT 1 AS id' },
  trigger: {
    was: "CREATE TRIGGER o BEFORE INSERT ON t FOR EACH ROW SET NEW.c = 'ä'",
    becomes: 'CREATE TRIGGER o BEFORE UPDATE ON t FOR EACH ROW SET NEW.c = 1',
  },
  procedure: { was: "CREATE PROCEDURE o() SELECT 'ä'", becomes: 'CREATE PROCEDURE o() SELECT 2' },
  function: {
    was: "CREATE FUNCTION o() RETURNS VARCHAR(9) DETERMINISTIC RETURN 'ä'",
    becomes: 'CREATE FUNCTION o() RETURNS INT DETERMINISTIC RETURN 2',
  },
  event: {
    was: "CREATE EVENT o ON SCHEDULE EVERY 1 YEAR DISABLE DO SET @done = 'ä'",
    becomes: 'CREATE EVENT o ON SCHEDULE EVERY 2 YEAR DISABLE DO SET @done = 2',
  },
} as const;
const KINDS = Object.keys(OBJECTS) as (keyof typeof OBJECTS)[];
/** As Laravel's connections are, in another time zone, and with a mode that the server's own default has not. */
const SETTINGS = "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci, time_zone = '+05:45', sql_mode = 'NO_ZERO_DATE'";

describeOnServers(
  'what another tool has made',
  (server) => {
    let production: Production;
    afterEach(() => production?.remove());

    async function make(): Promise<Production> {
      production = await createProduction(server(), { rehearses: true });
      const { socket } = server();
      const own = { socketPath: socket, user: 'app user', password: PASSWORD, database: production.database };
      const tool = await mysql.createConnection(own);
      const made = KINDS.map((kind) => OBJECTS[kind].was);
      for (const sql of ['CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(9))', SETTINGS, ...made]) await tool.query(sql);
      await tool.end();
      return production;
    }
    const section = (wanted: 'was' | 'becomes') =>
      KINDS.map((kind) => `DROP ${kind.toUpperCase()} o;\n${OBJECTS[kind][wanted]};\n`).join('');
    const objects = async () => {
      const session = await (await connect(server().target(production.database))).open();
      const snapshot = await readSnapshot(session, production.database);
      await session.close();
      return Object.fromEntries([...snapshot.objects].map(([id, { definition }]) => [id, definition]));
    };
    const end = async (...args: string[]) => {
      const { exitCode, error } = lastOf(await production.run(...args, '--yes', '--json'));
      return { exitCode, error };
    };
    const fine = { exitCode: 0, error: undefined };

    test('is made again by a down section as it was', { timeout: 120_000 }, async () => {
      await make();
      const before = await objects();
      production.migration('1_o.sql', `-- migrate:up\n${section('becomes')}-- migrate:down\n${section('was')}`);
      expect(await end('deploy')).toEqual(fine);
      expect(await objects()).not.toEqual(before);
      expect(await end('rollback')).toEqual(fine);
      expect(await objects()).toEqual(before);
    });

    test('is made again by the end of a down section, and by inverses, as it was', { timeout: 120_000 }, async () => {
      await make();
      production.rehearses = false;
      const before = await objects();
      production.migration(
        '1_o.sql',
        `-- migrate:up\n${section('becomes')}ALTER TABLE nowhere ADD x INT;\n-- migrate:down\n${section('was')}`,
      );
      expect((await end('deploy')).exitCode).toBe(2);
      expect(await objects()).toEqual(before);
    });
  },
  { args: ['--log-bin-trust-function-creators=1'] },
);
