import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, jsonLines, lastOf, type Production } from './production.ts';

describeOnServers(
  'binlog_format',
  (server) => {
    let production: Production;
    beforeAll(async () => {
      production = await createProduction(server());
      await production.grantLog();
      await production.sql('CREATE TABLE t (id INT PRIMARY KEY, n INT)');
    });
    afterAll(() => production?.remove());

    test.each([
      ['ROW', 'can restore to WHEN and, with the binary log, later', undefined],
      ['MIXED', 'can restore to WHEN and later only as far as the binary log has rows (binlog_format was MIXED)', 5],
      [
        'STATEMENT',
        'can restore to WHEN and later only as far as the binary log has rows (binlog_format was STATEMENT)',
        5,
      ],
    ])('%s is told in the list of backups and before a restore', async (format, listed, exitCode = 0) => {
      await server().sql(`SET GLOBAL binlog_format = '${format}'`);
      expect(lastOf(await production.run('backup', 'create', '--yes', '--json'))).toMatchObject({ exitCode: 0 });
      await production.sql('REPLACE INTO t VALUES (1, 1)');
      const [newest = ''] = (await production.run('backup', 'list')).stdout.split('\n');
      expect(newest.replace(/\d{4}-\d\d-\d\d \d\d:\d\d(?= and)/, 'WHEN')).toContain(`  ${listed}`);
      const [list] = jsonLines(await production.run('backup', 'list', '--json'));
      expect(list?.backups).toMatchObject([
        { binlogFormat: format },
        ...Array(Object(list?.backups).length - 1).fill({}),
      ]);
      // A log that knows seconds alone leaves out the second that has not ended before the moment.
      await production.query('SELECT SLEEP(1 - MICROSECOND(NOW(6)) / 1000000)');
      const until = await production.run('restore', '--until', new Date().toISOString(), '--yes', '--json');
      expect(lastOf(until).exitCode).toBe(exitCode);
      if (exitCode !== 0) {
        expect(lastOf(until).error).toMatchObject({
          what: expect.stringContaining('the binary log cannot be repeated: '),
        });
      }
      const restored = await production.run('restore', '--yes', '--json');
      expect(lastOf(restored).exitCode).toBe(0);
      const summary = jsonLines(restored).find(({ type }) => type === 'summary');
      const told = `binlog_format was ${format} when it was taken: what is logged as a statement is not repeated (--until)`;
      const row = (Object(summary).rows as [string, string][]).find(([name]) => name === 'Log');
      expect(row).toEqual(format === 'ROW' ? undefined : ['Log', told]);
    });
  },
  { binlog: true },
);
