import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findClients, parseProgramVersion, requireClients } from '../../src/mysql/clients.ts';
import { parseFlavor } from '../../src/mysql/flavor.ts';
import { systemExec } from '../../src/system/exec.ts';

const MYSQL_8 = 'mysqldump  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)';
const MYSQL_9 = 'mysqldump  Ver 9.7.4-2 for Linux on x86_64 ((Debian))';
const MARIADB_10 = 'mysqldump  Ver 10.19 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)';

/** A folder of programs that say these versions. */
function folderWith(programs: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'gm-clients-'));
  for (const [name, version] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\necho '${version}'\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

it.each([
  ['mysqldump  Ver 10.13 Distrib 5.7.44, for Linux (x86_64)', 'MySQL 5.7.44'],
  [MYSQL_8, 'MySQL 8.0.36'],
  [MYSQL_9, 'MySQL 9.7.4'],
  [MARIADB_10, 'MariaDB 10.11.19'],
  ['mariadb-dump from 11.8.2-MariaDB, client 10.19 for debian-linux-gnu (x86_64)', 'MariaDB 11.8.2'],
])('reads %s', (text, label) => {
  expect(parseProgramVersion(text)?.label).toBe(label);
});

it('takes the first pair that fits, and the named folder before PATH', async () => {
  const mariaDb = folderWith({ mysqldump: MARIADB_10, mysql: MARIADB_10 });
  const old = folderWith({ mysqldump: MYSQL_8, mysql: MYSQL_8 });
  const named = folderWith({ mysqldump: MYSQL_9, mysql: MYSQL_9 });
  const env = { PATH: `${mariaDb}:${old}`, GATEWAY_MIGRATE_CLIENTS: named };
  const find = (version: string) => findClients(parseFlavor(version), systemExec, env);
  expect(await find('9.7.4')).toMatchObject({ dump: join(named, 'mysqldump'), shell: join(named, 'mysql') });
  expect(await find('10.11.19-MariaDB')).toMatchObject({ dump: join(mariaDb, 'mysqldump') });
});

it('refuses the other family, an older release, and nothing at all, each with its remedy', async () => {
  const mariaDb = folderWith({ mysqldump: MARIADB_10, mysql: MARIADB_10 });
  const old = folderWith({ mysqldump: MYSQL_8, mysql: MYSQL_8 });
  const refuse = (version: string, PATH: string) =>
    requireClients(parseFlavor(version), systemExec, { PATH }).then(
      () => undefined,
      (error) => [error.message, error.next, error.exitCode],
    );
  const remedy =
    'install the package mysql-client of MySQL 9 or newer, or set GATEWAY_MIGRATE_CLIENTS to a folder that holds its mysqldump and mysql';
  expect(await refuse('9.7.4', mariaDb)).toEqual([
    `${mariaDb}/mysqldump is MariaDB 10.11.19: it cannot back up MySQL 9.7.4, the two families write dumps that the other cannot load in full`,
    remedy,
    5,
  ]);
  expect(await refuse('9.7.4', old)).toEqual([
    `${old}/mysqldump is MySQL 8.0.36: it is older than the server, which is MySQL 9.7.4`,
    remedy,
    5,
  ]);
  expect(await refuse('9.7.4', '')).toEqual(['no mysqldump found for MySQL 9.7.4', remedy, 5]);
});
