import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { quoteName } from '../../src/mysql/quote.ts';
import { contentOf, endOfLog } from '../binlog/support.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, lastOf } from './production.ts';

describeOnServers(
  'restore --leave-out of a DROP DATABASE',
  (server) => {
    test('brings back everything that was in it', { timeout: 120_000 }, async () => {
      const production = await createProduction(server());
      onTestFinished(() => production.remove());
      await production.sql(
        'CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE b (id INT PRIMARY KEY); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)',
      );
      await production.grantLog();
      mkdirSync(join(production.dir, 'app'));
      const maintenance = { enter: ['touch', 'down'], leave: ['rm', '-f', 'down'] };
      production.configure({ app: { dir: 'app', maintenance, caches: 'none' } });
      expect((await production.run('backup', 'create')).code).toBe(0);
      await production.sql('INSERT INTO a VALUES (2)');
      const before = await contentOf(server(), production.database);
      const { file, position } = await endOfLog(server());
      const name = quoteName(production.database);
      await server().sql(
        `DROP DATABASE ${name}; CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
      );
      const restored = await production.run('restore', '--leave-out', `${file}:${position}`, '--yes', '--json');
      expect(lastOf(restored).error).toBeUndefined();
      expect(lastOf(restored)).toMatchObject({ exitCode: 0, lost: { transactions: 0, rows: 0 } });
      expect(await contentOf(server(), production.database)).toMatchObject(before);
    });
  },
  { binlog: true },
);
