import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { dumpDatabase } from '../../../src/backup/dump/dump.ts';
import { areRowsUtf8 } from '../../../src/backup/dump/stored-rows.ts';
import { dumpCommand } from '../../../src/mysql/client-commands.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { type Exec, systemExec } from '../../../src/system/exec.ts';
import { describeOnServers, type TestServer } from '../../support/servers.ts';
import { clientsOf, comparableSql, contextFor, runScript, takeBackup, temporaryFolder } from '../support.ts';
import { KEYS, OF_ONE, ZOO } from '../zoo.ts';

/** What the zoo has and UTF-8 is not. */
const OTHERS = 'DROP TABLE `types of all kinds`, extremes, words; /*M!110700 DROP TABLE vectors */';

/** Names, defaults and rows of UTF-8 wherever there can be any, and every character that has an escape. */
const UTF8 = `
CREATE TABLE \`täble ☃\` (\`ключ\` INT PRIMARY KEY, choice ENUM('', 'ä', '€''') CHARACTER SET utf8mb3 DEFAULT '€''',
  many SET('é','ü') DEFAULT 'é,ü', word VARCHAR(20) CHARACTER SET ascii DEFAULT 'a\\\\', note TEXT COMMENT 'ß 中 😀', doc JSON,
  three VARCHAR(90) CHARACTER SET utf8mb3 DEFAULT 'ž', upper_note TEXT AS (CONCAT(UPPER(note), 'Ä')) VIRTUAL, CHECK (note <> 'ö'));
INSERT INTO \`täble ☃\` (\`ключ\`, many, word, note, doc, three) VALUES
  (1, 'ü', 'it''s "\\\\"', CONCAT('\\\\''"', CHAR(0, 10, 13, 26, 9, 8 USING utf8mb4), '%_ 中文 😀 ßéÃ©'), '{"ключ": ["\\\\u00e9", "é"]}', 'ж'),
  (2, '', '', x'7FC280DFBFE0A080ED9FBFEFBFBFF0908080F48FBFBF', '[]', x'C280EFBFBF');
CREATE VIEW \`vïew\` AS SELECT note AS \`ñ\` FROM \`täble ☃\` WHERE choice = '€''';
CREATE TRIGGER \`trïgger\` BEFORE INSERT ON \`täble ☃\` FOR EACH ROW SET NEW.note = CONCAT(NEW.note, 'é😀');`;

async function zooOfUtf8(server: TestServer): Promise<string> {
  const database = await server.createDatabase('utf8-ünd');
  await runScript(server, database, `${ZOO}${KEYS}${OF_ONE[server.kind]}${OTHERS};${UTF8}`);
  return database;
}

async function areUtf8(server: TestServer, database: string): Promise<boolean> {
  const connected = await connect(server.target(database));
  const session = await connected.open();
  return areRowsUtf8(connected, session).finally(() => session.close());
}

describeOnServers(
  'rows that are dumped as they are stored',
  (server) => {
    it('are the same dump, byte for byte', async () => {
      const database = await zooOfUtf8(server());
      expect(await areUtf8(server(), database)).toBe(server().kind === 'mariadb');
      const { file, manifest } = await takeBackup(server(), server().target(database));
      const inUtf8 = dumpCommand(await clientsOf(server()), server().target(database), {
        withPosition: manifest.position !== null,
        withHistory: manifest.withHistory,
        ignoredTables: [],
      });
      expect(inUtf8.args).toContain('--default-character-set=utf8mb4');
      const folder = temporaryFolder();
      const args = ['-c', 'out=$0; "$@" | gzip > "$out"', `${folder}/it.gz`, inUtf8.file, ...inUtf8.args];
      const exit = await systemExec.run({ ...inUtf8, file: 'sh', args });
      expect(exit).toMatchObject({ exitCode: 0, stderr: '' });
      const sandbox = '/*M!999999\\- enable the sandbox mode */ \n';
      const expected = comparableSql(`${folder}/it.gz`, database).replace(sandbox, '');
      expect(comparableSql(file, database)).toBe(expected);
      const text = gunzipSync(readFileSync(file)).toString('utf8');
      expect(text).toMatch(/SET NAMES utf8mb4 \*\/;/);
      expect(text).toContain('ßéÃ©');
      expect(text).not.toContain('SET NAMES binary');
    });

    it('are none where a column holds bytes or another character set', async () => {
      if (server().kind !== 'mariadb') return;
      const database = await zooOfUtf8(server());
      const others = ['BLOB', 'VARBINARY(9)', 'BINARY(9)', 'BIT(9)', 'POINT', 'TEXT CHARACTER SET latin1'];
      for (const type of [
        ...others,
        "ENUM('a') CHARACTER SET gbk",
        'CHAR(9) CHARACTER SET utf16',
        'TEXT CHARSET cp1251',
      ]) {
        await server().sql(`ALTER TABLE a ADD other ${type}`, database);
        expect(await areUtf8(server(), database), type).toBe(false);
        await server().sql('ALTER TABLE a DROP other', database);
      }
      // What a view makes of them is in no dump.
      await server().sql('CREATE VIEW bytes AS SELECT UNHEX(s) AS x, CONVERT(s USING latin1) AS y FROM a', database);
      expect(await areUtf8(server(), database)).toBe(true);
    });

    it('are none in a dump that is made once more, because a column that is not UTF-8 was added meanwhile', async () => {
      if (server().kind !== 'mariadb') return;
      const database = await zooOfUtf8(server());
      const clients = await clientsOf(server());
      const context = await contextFor(server().target(database));
      const charsets: unknown[] = [];
      const exec: Exec = {
        ...systemExec,
        read: async (command, options) => {
          charsets.push(command.args.find((arg) => arg.startsWith('--default-character-set=')));
          const western = "western VARCHAR(9) CHARACTER SET latin1 DEFAULT 'Ã©'";
          if (charsets.length === 1) await server().sql(`ALTER TABLE a ADD ${western}`, database);
          return systemExec.read(command, options);
        },
      };
      const file = `${temporaryFolder()}/it.sql.gz`;
      await dumpDatabase({ file, compression: 'gzip' as const, clients, stepId: 'backup' }, { ...context, exec });
      expect(charsets).toEqual(['--default-character-set=binary', '--default-character-set=utf8mb4']);
      expect(gunzipSync(readFileSync(file)).toString('utf8')).toContain("'Ã©'");
    });
  },
  { onNewer: true },
);
