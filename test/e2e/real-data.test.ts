import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, jsonLines, lastOf } from './production.ts';

const LOWER = `-- migrate:up
UPDATE firms SET code = LOWER(code);
-- migrate:down
UPDATE firms SET code = code;
`;

describeOnServers('a rehearsal on the rows of a backup', (server) => {
  test('finds what empty tables do not show', async () => {
    const production = await createProduction(server(), { migrations: { '1_lower.sql': LOWER } });
    try {
      await production.sql(`CREATE TABLE firms (id INT PRIMARY KEY, code VARCHAR(9) COLLATE utf8mb4_bin, UNIQUE KEY code (code));
        INSERT INTO firms VALUES (1, 'a'), (2, 'A'); CREATE VIEW codes AS SELECT code FROM firms;
        CREATE TRIGGER firms_insert BEFORE INSERT ON firms FOR EACH ROW SET NEW.code = TRIM(NEW.code)`);
      const none = lastOf(await production.run('test', '--from-backup', '--json'));
      expect([none.exitCode, none.error]).toMatchObject([
        5,
        {
          what: `there is no backup of ${production.database} in ${production.backups}`,
          next: 'gateway-migrate backup create',
        },
      ]);
      const missing = join(production.dir, 'missing.sql.gz');
      expect(lastOf(await production.run('test', '--from-backup', missing, '--json')).error).toMatchObject({
        what: expect.stringMatching(/^there is no rehearsal on .*missing.sql.gz: there is no such file$/),
      });
      expect(lastOf(await production.run('test', '--json'))).toMatchObject({ exitCode: 0 });
      const { backup } = lastOf(await production.run('backup', 'create', '--json'));
      for (const chosen of [[], [String(backup)]]) {
        const rehearsed = await production.run('test', '--from-backup', ...chosen, '--json');
        expect(lastOf(rehearsed)).toMatchObject({ exitCode: 1, production: 'unchanged' });
        const lines = jsonLines(rehearsed);
        expect(lines.find((event) => event.type === 'step.finished' && event.id === 'clone')?.detail).toBe(
          '3 objects, with the rows of the backup',
        );
        expect(JSON.stringify(lines)).toMatch(/Duplicate entry 'a' for key/);
      }
      const rows = await production.query(
        'SELECT CONVERT(GROUP_CONCAT(code ORDER BY id) USING utf8mb4) AS codes FROM firms',
      );
      expect(rows).toEqual([{ codes: 'a,A' }]);
    } finally {
      production.remove();
    }
  }, 240_000);

  test('lets through what refers to rows of production, and deploy takes its word', { timeout: 240_000 }, async () => {
    const production = await createProduction(server(), {
      migrations: {
        '1_seed.sql': '-- migrate:up\nINSERT INTO pages (firm) VALUES (7);\n-- migrate:down\nDELETE FROM pages;\n',
      },
      rehearses: true,
    });
    try {
      await production.sql(
        'CREATE TABLE firms (id INT PRIMARY KEY); CREATE TABLE pages (firm INT, FOREIGN KEY (firm) REFERENCES firms (id)); INSERT INTO firms VALUES (7)',
      );
      const refused = await production.run('deploy', '--yes', '--json');
      expect(lastOf(refused)).toMatchObject({ exitCode: 5, production: 'unchanged' });
      expect(refused.stdout).toContain('gateway-migrate test --from-backup tries it on real rows');
      expect(lastOf(await production.run('backup', 'create', '--json'))).toMatchObject({ exitCode: 0 });
      expect(lastOf(await production.run('test', '--from-backup', '--json'))).toMatchObject({ exitCode: 0 });
      expect(lastOf(await production.run('deploy', '--yes', '--json'))).toMatchObject({ exitCode: 0 });
      expect(await production.query('SELECT firm FROM pages')).toEqual([{ firm: 7 }]);
    } finally {
      production.remove();
    }
  });
});
