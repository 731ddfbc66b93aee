import mysql from 'mysql2/promise';
import { expect, test } from 'vitest';
import { loadBackup } from '../../../src/backup/load/load.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { describeOnServers } from '../../support/servers.ts';
import { clientsOf, contextFor, takeBackup } from '../support.ts';

/** How the text of a stored program ends. */
const ENDINGS = [
  '-- done',
  '# done',
  '/* done */',
  '-- done\n',
  '-- done\n  # twice',
  '/* a */ -- b',
  "/* it's */",
  '-- ;;',
];

const PROGRAMS: readonly ((name: string, ending: string) => string)[] = [
  (name, ending) => `CREATE TRIGGER ${name} BEFORE INSERT ON a FOR EACH ROW SET NEW.x = 1 ${ending}`,
  (name, ending) => `CREATE TRIGGER ${name} BEFORE UPDATE ON a FOR EACH ROW BEGIN SET NEW.x = 2; END ${ending}`,
  (name, ending) => `CREATE PROCEDURE ${name}() BEGIN SELECT 1; END ${ending}`,
  (name, ending) => `CREATE PROCEDURE ${name}() SELECT 1 ${ending}`,
  (name, ending) => `CREATE FUNCTION ${name}() RETURNS INT DETERMINISTIC RETURN 1 ${ending}`,
  (name, ending) => `CREATE EVENT ${name} ON SCHEDULE EVERY 1 YEAR DO SET @done = 1 ${ending}`,
  (name, ending) => `CREATE EVENT ${name} ON SCHEDULE EVERY 1 YEAR DO BEGIN SET @done = 1; END ${ending}`,
];

const PROGRAMS_THERE = `SELECT trigger_name AS name, action_statement AS text FROM information_schema.triggers WHERE trigger_schema = DATABASE()
  UNION ALL SELECT routine_name, routine_definition FROM information_schema.routines WHERE routine_schema = DATABASE()
  UNION ALL SELECT event_name, event_definition FROM information_schema.events WHERE event_schema = DATABASE()`;

describeOnServers(
  'stored programs that end in a comment',
  (server) => {
    test.each([
      ['one statement a packet', ''],
      ['several in a packet, which leaves the semicolon', ';'],
    ])('are backed up and loaded: %s', async (_, end) => {
      const database = await server().createDatabase();
      const target = server().target(database);
      const tool = await mysql.createConnection({
        socketPath: server().socket,
        user: 'root',
        database,
        multipleStatements: true,
      });
      await tool.query('CREATE TABLE a (id INT PRIMARY KEY, x INT); INSERT INTO a (id) VALUES (1)');
      let n = 0;
      for (const ending of ENDINGS) {
        // Behind a comment to the end of the line a semicolon would be part of it.
        if (end === ';' && /(?:--|#)[^\n]*$/.test(ending)) continue;
        for (const program of PROGRAMS)
          await tool.query(`${program(`p${++n}`, ending)}${end}${end === '' ? '' : ' SELECT 1'}`);
      }
      await tool.end();
      const programs = async (of: string) => {
        const session = await (await connect(server().target(of))).open();
        const rows = await session.query<{ name: string; text: string }>(PROGRAMS_THERE);
        await session.close();
        return rows.map(({ name, text }) => `${name}: ${text.replace(/\s*;$/, '')}`).sort();
      };
      expect(await programs(database)).toHaveLength(n);
      const { file } = await takeBackup(server(), target);
      const into = await server().createDatabase();
      await loadBackup(
        file,
        server().target(into),
        await clientsOf(server()),
        'load',
        await contextFor(server().target(into)),
      );
      expect(await programs(into)).toEqual(await programs(database));
    });
  },
  { args: ['--log-bin-trust-function-creators=1'] },
);
