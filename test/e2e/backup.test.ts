import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { serversDir } from '../support/installed.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { createProduction, jsonLines, lastOf, type Production } from './production.ts';

/** Private servers are made there, like those of the tests. */
const IN_MEMORY = { TMPDIR: serversDir() };

/** Client programs of which the dump program, asked the second time, tells another name. */
function forgetfulClients(server: TestServer, dir: string): string {
  const folder = join(dir, 'clients');
  mkdirSync(folder);
  const [dump, shell] = server.kind === 'mysql' ? ['mysqldump', 'mysql'] : ['mariadb-dump', 'mariadb'];
  symlinkSync(join(server.binDir, shell), join(folder, shell));
  const real = join(server.binDir, dump);
  const script = `case "$*" in *--version*) exec ${real} "$@";; esac
if [ -e ${folder}/asked ]; then ${real} "$@" | sed s/Branch/Twig/; else touch ${folder}/asked; exec ${real} "$@"; fi`;
  writeFileSync(join(folder, dump), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, dump), 0o755);
  return folder;
}

describeOnServers('a backup', (server) => {
  const productions: Production[] = [];
  afterEach(() => {
    for (const production of productions.splice(0)) production.remove();
  });

  async function create(): Promise<Production> {
    const migrations = { '1_shops.sql': '-- migrate:up\nCREATE TABLE shops (id INT PRIMARY KEY);\n' };
    const production = await createProduction(server(), { migrations });
    productions.push(production);
    production.configure({ backup: { dir: 'backups', minFree: '1MB', verify: 'restore' } });
    await production.sql(
      "CREATE TABLE firms (id INT PRIMARY KEY, name TEXT); INSERT INTO firms VALUES (1, 'Root'), (2, 'Branch')",
    );
    return production;
  }

  test('is proven when it is made, in a deploy before anything else, and once more when it is asked for', async () => {
    const production = await create();
    expect((await production.runWith(IN_MEMORY, 'backup', 'create')).code).toBe(0);
    expect((await production.runWith(IN_MEMORY, 'backup', 'list')).stdout).toMatch(
      / {2}proven \d{4}-\d\d-\d\d \d\d:\d\d {2}/,
    );
    const deploy = await production.runWith(IN_MEMORY, 'deploy', '--yes', '--json');
    const steps = jsonLines(deploy).filter((event) => event.type === 'step.finished');
    expect(steps.map(({ id }) => id)).toEqual(['preflight', 'backup', 'prove', 'migrate', 'verify']);
    expect(steps[2]?.detail).toMatch(/^loaded into a private M\w+ \S+ and dumped again: the same$/);
    const path = String(lastOf(deploy).backup);
    const verified = await production.runWith(IN_MEMORY, 'backup', 'verify', path, '--json');
    expect(jsonLines(verified).flatMap((event) => (event.type === 'check' ? [event.ok, event.detail] : []))).toEqual([
      true,
      'checksum, every member, the last line and every table are as the manifest says',
      true,
      expect.stringMatching(/^loaded into a private M\w+ \S+ and dumped again it is the same$/),
    ]);
    writeFileSync(path, readFileSync(path).subarray(0, -1));
    expect(lastOf(await production.runWith(IN_MEMORY, 'backup', 'verify', path, '--json'))).toMatchObject({
      exitCode: 1,
    });
  }, 240_000);

  test('that does not come back the same stops the deploy before the site and the tables are touched', async () => {
    const production = await create();
    const clients = forgetfulClients(server(), production.dir);
    // Where no server program lies beside the clients.
    await server().sql(`GRANT ALL ON \`${production.database}_proof\`.* TO 'app user'@localhost`);
    const deploy = await production.runWith(
      { ...IN_MEMORY, GATEWAY_MIGRATE_CLIENTS: clients },
      'deploy',
      '--yes',
      '--json',
    );
    const { exitCode, production: state, error } = lastOf(deploy);
    const name = readdirSync(production.backups).find((one) => one.endsWith('.gz'));
    expect({ exitCode, state, error }).toEqual({
      exitCode: 2,
      state: 'unchanged',
      error: {
        what: `Prove the backup by loading it: ${join(production.backups, String(name))} does not bring back what was backed up: table firms is not the same after the load`,
        state: 'production is as it was before',
        next: `gateway-migrate backup verify ${join(production.backups, String(name))}`,
      },
    });
    expect(await production.objects()).not.toContain('base table shops');
  });
});
