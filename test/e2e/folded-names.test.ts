import { expect, test } from 'vitest';
import { readManifest } from '../../src/backup/file/manifest.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, lastOf } from './production.ts';

const SHOP = `
  CREATE TABLE Companies (id INT PRIMARY KEY, name VARCHAR(50)) ENGINE=InnoDB;
  CREATE TABLE Orders (id INT PRIMARY KEY, company INT,
    CONSTRAINT Of_Company FOREIGN KEY (company) REFERENCES Companies (id)) ENGINE=InnoDB;
  INSERT INTO Companies VALUES (1, 'a');
  INSERT INTO Orders VALUES (1, 1), (2, 1)`;

describeOnServers(
  'a server that keeps names in lower case',
  (server) => {
    test('has its backup proven on a private server of the same kind', { timeout: 120_000 }, async () => {
      const production = await createProduction(server(), { database: 'Shop_Of_Names' });
      try {
        await production.sql(SHOP);
        production.configure({ backup: { dir: 'backups', minFree: '1MB', verify: 'restore' } });
        const finished = lastOf(await production.run('backup', 'create', '--yes', '--json'));
        expect([finished.exitCode, finished.error]).toEqual([0, undefined]);
        const manifest = await readManifest(String(finished.backup));
        expect(manifest.database).toBe('shop_of_names');
        expect(manifest.tables.map(({ name }) => name)).toEqual(['companies', 'orders']);
        expect(manifest.proof?.method).toMatch(/^a private /);
      } finally {
        production.remove();
      }
    });
  },
  { foldsNames: true },
);
