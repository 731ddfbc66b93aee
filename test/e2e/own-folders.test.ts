import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serversDir } from '../support/installed.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, lastOf, type Production } from './production.ts';

const folder = mkdtempSync(join(serversDir(), 'gm-own-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeOnServers(
  'a folder of production',
  (server) => {
    let production: Production;
    beforeAll(async () => {
      production = await createProduction(server());
      await production.grantLog('FILE');
      await production.sql(
        `CREATE TABLE placed (id INT PRIMARY KEY) DATA DIRECTORY='${folder}'; CREATE TABLE other (id INT PRIMARY KEY)`,
      );
    });
    afterAll(async () => {
      await production?.sql('DROP TABLE IF EXISTS placed');
      production?.remove();
    });
    const files = () => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();

    test('is not written to by a private server that repeats the log', { timeout: 120_000 }, async () => {
      expect(lastOf(await production.run('backup', 'create', '--yes', '--json')).exitCode).toBe(0);
      await production.sql('INSERT INTO placed VALUES (1)');
      await production.query('SELECT SLEEP(1 - MICROSECOND(NOW(6)) / 1000000)');
      const before = files();
      expect(before.join()).toContain('placed');
      const until = await production.run(
        'restore',
        '--until',
        new Date().toISOString(),
        '--in-place',
        '--yes',
        '--json',
      );
      expect(lastOf(until)).toMatchObject({
        exitCode: 5,
        error: {
          what: expect.stringContaining(
            '--in-place leaves no database beside production; and a private server puts nothing into the folders of production, where placed lies (DATA DIRECTORY)',
          ),
          next: 'restore without --in-place',
        },
      });
      expect(files()).toEqual(before);
    });

    test('is not written to by a rehearsal', { timeout: 120_000 }, async () => {
      const before = files();
      production.configure({ rehearsal: 'private' });
      const env = { PATH: [server().binDir, join(server().binDir, '../sbin'), process.env.PATH].join(':') };
      production.migration(
        '1_new.sql',
        `-- migrate:up\nCREATE TABLE rehearsed (id INT PRIMARY KEY) DATA DIRECTORY='${folder}';\n-- migrate:down\nDROP TABLE rehearsed;\n`,
      );
      const { exitCode, error } = lastOf(await production.runWith(env, 'test', '--json'));
      // MySQL takes no folder that its private server was not started with.
      expect([exitCode, error]).toEqual(
        server().kind === 'mysql' ? [1, expect.objectContaining({ what: 'not ready: 1 up-fails' })] : [0, undefined],
      );
      expect(files()).toEqual(before);
    });
  },
  { binlog: true, args: [`--loose-innodb-directories=${folder}`] },
);
