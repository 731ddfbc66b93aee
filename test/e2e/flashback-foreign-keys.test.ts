import { afterAll, beforeAll, expect, test } from 'vitest';
import { copySince, endOfLog, transactionsOf } from '../binlog/support.ts';
import { contentOf } from '../flashback/support.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, type JsonObject, jsonLines, lastOf, type Production } from './production.ts';

const SHOP = `
  CREATE TABLE companies (id INT PRIMARY KEY, name VARCHAR(50));
  CREATE TABLE staff (id INT PRIMARY KEY, company_id INT NOT NULL, FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE);
  CREATE TABLE desks (id INT PRIMARY KEY, staff_id INT NULL, FOREIGN KEY (staff_id) REFERENCES staff (id) ON DELETE SET NULL);
  CREATE TABLE badges (id INT PRIMARY KEY, company_id INT NULL, CONSTRAINT worn FOREIGN KEY (company_id) REFERENCES companies (id));
  CREATE VIEW names AS SELECT name FROM companies;
  INSERT INTO companies VALUES (1, 'One'), (2, 'Two');
  INSERT INTO staff VALUES (1, 1), (2, 1), (3, 2);
  INSERT INTO desks VALUES (1, 1), (2, 2), (3, 3), (4, NULL);`;
const CHILD =
  /^\S+, .* cannot be undone by its rows: rows of staff went or changed with those of companies \(ON DELETE CASCADE\), and the server does not log them/;

describeOnServers(
  'what foreign keys did, undone in production',
  (server) => {
    let production: Production;
    beforeAll(async () => {
      production = await createProduction(server());
      await production.sql(SHOP);
      await production.grantLog();
    });
    afterAll(() => production?.remove());

    const accident = async (id = 1): Promise<string> => {
      const from = await endOfLog(server());
      await production.sql(`DELETE FROM companies WHERE id = ${id}`);
      const [own] = await transactionsOf(await copySince(server(), from));
      if (!own) throw new Error('the log does not have the accident');
      return `${own.file}:${own.start}`;
    };
    const flashback = async (...args: string[]) => {
      const ended = await production.run('restore', '--flashback', ...args, '--yes', '--json');
      const last: JsonObject = lastOf(ended);
      return {
        ...last,
        exitCode: ended.code,
        error: last.error as { what: string; next: string },
        events: jsonLines(ended),
      };
    };
    const content = async () => {
      const { companies, staff, desks } = await contentOf(server(), production.database);
      return { companies, staff, desks };
    };
    const besides = () =>
      production.query(`SHOW DATABASES LIKE '${production.database.replaceAll('_', '\\_')}\\_restore\\_%'`);

    test('from a copy of the moment before; without one it is refused with what is missing', {
      timeout: 180_000,
    }, async () => {
      const whole = await content();
      const early = await accident();
      const none = await flashback(early);
      expect(none).toMatchObject({ exitCode: 5, production: 'unchanged' });
      expect(none.error.what).toMatch(CHILD);
      expect(none.error.what.split('does not log them')[1]).toBe(
        `; a copy of the moment before, which would show it, cannot be made: there is no backup of ${production.database} in ${production.backups}`,
      );
      expect(none.error.next).toBe(
        `gateway-migrate restore --flashback ${early} --backup FILE, with one from before ${early}`,
      );
      await production.sql(
        "INSERT INTO companies VALUES (1, 'One'); INSERT INTO staff VALUES (1, 1), (2, 1); UPDATE desks SET staff_id = id WHERE id < 3",
      );
      expect(await content()).toEqual(whole);
      expect((await production.run('backup', 'create')).code).toBe(0);
      // What is repeated in the copy of the look is in the log of the undo.
      await production.sql('ALTER TABLE badges DROP FOREIGN KEY worn; UPDATE desks SET staff_id = 2 WHERE id = 4');
      const before = await content();
      const place = await accident();
      await production.sql("INSERT INTO companies VALUES (7, 'since')");
      const lost = await content();

      const dry = await flashback(place, '--dry-run');
      expect(dry).toMatchObject({ exitCode: 0, production: 'unchanged' });
      const rows = dry.events.flatMap((event) => (event.type === 'summary' ? (event.rows as [string, string][]) : []));
      expect(
        rows
          .filter(([label]) => label === 'Rows')
          .map(([, text]) => text)
          .sort(),
      ).toEqual(['companies: 1 back', 'desks: 3 set back', 'staff: 2 back']);
      const copy = rows.find(([label]) => label === 'Foreign keys')?.[1];
      expect(copy).toMatch(
        /^5 rows of desks, staff changed, as \S+ \((?:proven \S+|not proven)\) and the log have them$/,
      );
      expect(dry.events.filter(({ type, id }) => type === 'step.finished' && id === 'copy-before')).toMatchObject([
        { detail: '5 rows of desks, staff changed' },
      ]);
      expect(await content()).toEqual(lost);
      expect(await besides()).toEqual([]);

      const undone = await flashback(place);
      expect(undone).toMatchObject({ exitCode: 0, production: 'changed' });
      expect(await content()).toEqual({
        ...before,
        companies: [...(before.companies ?? []), '{"id":7,"name":"since"}'],
      });
      expect(await besides()).toEqual([]);
    });

    test('nothing is left beside of a copy that the log does not fit, or that the server would not log as rows', {
      timeout: 180_000,
    }, async () => {
      if (server().kind === 'mysql') return;
      expect((await production.run('backup', 'create')).code).toBe(0);
      await server().sql("SET sql_log_bin = 0; INSERT INTO companies VALUES (8, 'unlogged')", production.database);
      const place = await accident(8);
      const lost = await content();
      await server().sql("SET GLOBAL binlog_format = 'MIXED'");
      const mixed = await flashback(place).finally(() => server().sql("SET GLOBAL binlog_format = 'ROW'"));
      expect(mixed).toMatchObject({ exitCode: 5, production: 'unchanged' });
      expect(mixed.error.what).toMatch(/cannot be made: the server logs no rows: Access denied/);
      expect(mixed.error.next).toBe(
        `SET GLOBAL binlog_format = 'ROW' as an administrator, then gateway-migrate restore --flashback ${place}`,
      );
      const lacking = await flashback(place);
      expect(lacking).toMatchObject({ exitCode: 2, production: 'unchanged' });
      expect(lacking.error.what).toMatch(
        /^the copy of the moment before could not be made: repeating the binary log .*: Can't find record in 'companies'$/,
      );
      expect(lacking.error.next).toBe(`gateway-migrate restore --flashback ${place}`);
      expect(await content()).toEqual(lost);
      expect(await besides()).toEqual([]);
    });

    test('a log that may lack a definition gives no copy', { timeout: 180_000 }, async () => {
      await production.sql('DELETE FROM desks; DELETE FROM staff; DELETE FROM companies');
      await production.sql("INSERT INTO companies VALUES (1, 'One'); INSERT INTO staff VALUES (1, 1)");
      expect((await production.run('backup', 'create')).code).toBe(0);
      await production.sql('ALTER TABLE desks ADD COLUMN floor INT');
      const place = await accident();
      const lost = await content();
      // The last test: the server stays so.
      await server().kill();
      await server().start(['--binlog-ignore-db=ignored']);
      const doubted = await flashback(place);
      expect(doubted).toMatchObject({ exitCode: 5, production: 'unchanged' });
      expect(doubted.error.what.split('does not log them')[1]).toBe(
        '; a copy of the moment before, which would show it, cannot be made: the log may lack something: what was defined with another database in use is not logged, and table desks may have been since the backup',
      );
      expect(doubted.error.next).toBe(
        `gateway-migrate restore --leave-out ${place} (brings back everything but this), or gateway-migrate restore --until ${place} (everything after it is lost)`,
      );
      expect(await content()).toEqual(lost);
      expect(await besides()).toEqual([]);
    });
  },
  // As MySQL was before it logged what its keys do; MariaDB does not know the setting.
  { binlog: true, args: ['--loose-innodb-native-foreign-keys=ON'] },
);
