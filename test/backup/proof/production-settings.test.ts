import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { loadBackup } from '../../../src/backup/load/load.ts';
import type { ProofOutcome } from '../../../src/backup/proof/place.ts';
import { proveBackup } from '../../../src/backup/proof/proof.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { proofPlaces } from '../../../src/private-server/proof/places.ts';
import { serversDir } from '../../support/installed.ts';
import { describeOnServers, type TestServer } from '../../support/servers.ts';
import { clientsOf, comparableSql, runScript, takeBackup } from '../support.ts';

interface Case {
  readonly title: string;
  readonly only?: 'mysql' | 'mariadb';
  /** Makes what production holds; FOLDER is one of production's. */
  readonly sql: string;
  /** The tables and views that it makes. */
  readonly names: readonly string[];
  /** Settings that production has now, and those that it had. */
  readonly globals?: readonly (readonly [name: string, now: string, before: string])[];
  /** Where it can be proven. Default: on a private server. */
  readonly place?: 'private' | 'scratch';
}

const OLD_MODE = "SET SESSION sql_mode = '';";
const WIDE = Array.from({ length: 30 }, (_, n) => `c${n} VARCHAR(300)`).join(', ');

const CASES: readonly Case[] = [
  {
    title: 'a row that is longer as SQL than the packet that production takes',
    names: ['nuls'],
    sql: `CREATE TABLE nuls (id INT PRIMARY KEY, b LONGBLOB, t LONGTEXT, s VARCHAR(9));
          INSERT INTO nuls VALUES (1, REPEAT(CHAR(0), 3000000), NULL, 'a'), (3, NULL, NULL, 'c');
          INSERT INTO nuls VALUES (2, 'x', REPEAT('ü\\\\\\'\\n☃', 300000), 'it''s'), (4, UNHEX(REPEAT('80FF005C27E2C3', 500000)), '', NULL);
          CREATE TRIGGER t BEFORE INSERT ON nuls FOR EACH ROW SET NEW.s = 'fired';`,
    globals: [['max_allowed_packet', '4194304', '67108864']],
  },
  {
    title: 'tables without a primary key, where each has to have one',
    only: 'mysql',
    names: ['keyless'],
    sql: 'CREATE TABLE keyless (a INT); INSERT INTO keyless VALUES (1), (1);',
    globals: [['sql_require_primary_key', 'ON', 'OFF']],
  },
  {
    title: 'tables without a primary key, where the server adds one unseen',
    only: 'mysql',
    names: ['unseen'],
    sql: 'CREATE TABLE unseen (a INT); INSERT INTO unseen VALUES (1), (1);',
    globals: [['sql_generate_invisible_primary_key', 'ON', 'OFF']],
  },
  {
    title: 'a foreign key to columns that are not unique',
    only: 'mysql',
    names: ['parents', 'children'],
    sql: `SET SESSION restrict_fk_on_non_standard_key = OFF;
          CREATE TABLE parents (id INT PRIMARY KEY, code INT, KEY (code));
          CREATE TABLE children (id INT PRIMARY KEY, code INT, FOREIGN KEY (code) REFERENCES parents (code));
          INSERT INTO parents VALUES (1, 7); INSERT INTO children VALUES (1, 7);`,
  },
  {
    title: 'a table that is too wide for its row format',
    names: ['wide'],
    sql: `SET SESSION innodb_strict_mode = OFF; ${OLD_MODE}
          CREATE TABLE wide (id INT PRIMARY KEY, ${WIDE}) ROW_FORMAT=COMPACT CHARSET=latin1;
          INSERT INTO wide (id, c0) VALUES (1, 'a');`,
  },
  {
    title: 'a row that breaks a CHECK',
    only: 'mariadb',
    names: ['checked'],
    sql: `CREATE TABLE checked (id INT PRIMARY KEY, n INT CHECK (n > 0));
          SET SESSION check_constraint_checks = OFF; INSERT INTO checked VALUES (1, -1);`,
  },
  {
    title: 'a table in a folder of its own',
    names: ['placed', 'parts'],
    sql: `CREATE TABLE placed (id INT PRIMARY KEY, t VARCHAR(99)) COMMENT='see DATA DIRECTORY=\\'x\\'' DATA DIRECTORY='FOLDER';
          INSERT INTO placed VALUES (1, "DATA DIRECTORY='y'");
          CREATE TABLE parts (id INT PRIMARY KEY) PARTITION BY RANGE (id)
            (PARTITION p0 VALUES LESS THAN (10) DATA DIRECTORY = 'FOLDER' ENGINE = InnoDB, PARTITION p1 VALUES LESS THAN MAXVALUE ENGINE = InnoDB);
          INSERT INTO parts VALUES (1), (11);`,
  },
  {
    title: 'a table in a general tablespace',
    only: 'mysql',
    names: ['in_tablespace'],
    sql: `CREATE TABLESPACE shared_one ADD DATAFILE 'shared_one.ibd';
          CREATE TABLE in_tablespace (id INT PRIMARY KEY) TABLESPACE shared_one; INSERT INTO in_tablespace VALUES (1);`,
    place: 'scratch',
  },
  {
    title: 'a view over another database',
    names: ['own', 'v'],
    sql: `CREATE DATABASE IF NOT EXISTS next_door; CREATE TABLE IF NOT EXISTS next_door.t (id INT);
          CREATE TABLE own (id INT PRIMARY KEY); CREATE VIEW v AS SELECT own.id FROM own JOIN next_door.t USING (id);`,
    place: 'scratch',
  },
  {
    title: 'an engine that is not the one that production prefers',
    only: 'mariadb',
    names: ['old'],
    sql: 'CREATE TABLE old (id INT) ENGINE=MyISAM; INSERT INTO old VALUES (1);',
    globals: [['enforce_storage_engine', "'InnoDB'", 'NULL']],
  },
];

const known = mkdtempSync(join(serversDir(), 'gm-known-'));

/** What one group of the cases ended in. */
interface Group {
  readonly outcome: ProofOutcome;
  /** Of each table and view, what a dump says: of production, and of what was loaded. */
  readonly before: ReadonlyMap<string, string>;
  readonly after: ReadonlyMap<string, string>;
  readonly folders: readonly (readonly string[])[];
}

describeOnServers(
  'a backup of a server with settings of its own',
  (server) => {
    const groups = new Map<string, Group>();

    for (const place of ['private', 'scratch']) {
      beforeAll(async () => {
        process.env.TMPDIR = serversDir();
        const cases = CASES.filter((one) => (one.place ?? 'private') === place && isOn(one, server()));
        groups.set(place, await tryGroup(server(), cases));
      }, 180_000);
    }

    it.each(CASES)('is proven and loaded: $title', (one) => {
      if (!isOn(one, server())) return;
      const place = one.place ?? 'private';
      const { before, after, outcome } = groups.get(place) as Group;
      for (const name of one.names) {
        expect(before.get(name)).toContain(name);
        expect(after.get(name)).toBe(before.get(name));
      }
      expect(outcome).toEqual({
        differences: [],
        method: expect.stringMatching(place === 'scratch' ? / on the same server/ : /^a private /),
      });
    });

    it('is proven without a byte in a folder of production', () => {
      const [before, after] = (groups.get('private') as Group).folders;
      expect(before?.length).toBeGreaterThan(1);
      expect(after).toEqual(before);
    });

    it('is not called broken where a private server lacks an engine that production may have', async () => {
      const database = await server().createDatabase();
      await runScript(server(), database, 'CREATE TABLE t (id INT PRIMARY KEY);');
      const { file, context } = await takeBackup(server(), server().target(database));
      const dump = gunzipSync(readFileSync(file)).toString().replace('ENGINE=InnoDB', 'ENGINE=Installed');
      writeFileSync(file, gzipSync(dump));
      const onOwn = (isShared: boolean) =>
        proveBackup(
          file,
          'prove',
          async (_, __, body) => {
            const place = await connect(server().target(await server().createDatabase()));
            const clients = await clientsOf(server());
            return body({ title: 'another database', server: place, clients, isUnlogged: false, isShared });
          },
          context,
        );
      expect(await onOwn(false)).toEqual({ unable: expect.stringMatching(/Unknown storage engine 'Installed'/) });
      expect(await onOwn(true)).toEqual({
        differences: [expect.stringMatching(/^it cannot be loaded: .*Unknown storage engine 'Installed'/s)],
        method: 'another database',
      });
    });
  },
  { args: [`--loose-innodb-directories=${known}`] },
);

function isOn({ only }: Case, { kind }: TestServer): boolean {
  return only === undefined || only === kind;
}

async function tryGroup(server: TestServer, cases: readonly Case[]): Promise<Group> {
  const folder = mkdtempSync(join(known, 'f-'));
  const database = await server.createDatabase();
  for (const { sql } of cases) await runScript(server, database, sql.replaceAll('FOLDER', folder));
  const globals = cases.flatMap((one) => one.globals ?? []);
  const set = (which: 1 | 2) => globals.map((each) => `SET GLOBAL ${each[0]} = ${each[which]};`).join(' ');
  const filesBefore = filesIn(folder);
  if (globals.length > 0) await server.sql(set(1));
  try {
    const { file, context } = await takeBackup(server, server.target(database));
    const env = { PATH: process.env.PATH, GATEWAY_MIGRATE_CLIENTS: server.binDir };
    const places = proofPlaces({ env, backupDir: dirname(file), production: context.server });
    const outcome = await proveBackup(file, 'prove', places, context);
    const filesAfter = filesIn(folder);
    const loaded = await server.createDatabase();
    await loadBackup(file, server.target(loaded), await clientsOf(server), 'load', context);
    const again = await takeBackup(server, server.target(loaded));
    return {
      outcome,
      before: sectionsOf(comparableSql(file, database)),
      after: sectionsOf(comparableSql(again.file, loaded)),
      folders: [filesBefore, filesAfter],
    };
  } finally {
    if (globals.length > 0) await server.sql(set(2));
  }
}

function sectionsOf(sql: string): Map<string, string> {
  const sections = sql.split(/^(?=-- (?:Table structure for table|Final view structure for view) `)/m).slice(1);
  return new Map(sections.map((section) => [/`(.*?)`/.exec(section)?.[1] ?? '', section]));
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map(String).sort();
}
