import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { verifyBackup } from '../../src/backup/file/verify.ts';
import { backupCreateCommand } from '../../src/commands/backup/create.ts';
import { connect } from '../../src/mysql/connect.ts';
import { withLock } from '../../src/run/lock.ts';
import { invoke } from '../commands/invoke.ts';
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

  test('has a name of its own, however many begin in the same second', async () => {
    const production = await create();
    production.configure({ backup: { dir: 'backups', minFree: '1MB', verify: 'checksum' } });
    const given = { cwd: production.dir, env: production.env, now: new Date(2026, 10, 23, 9, 30, 0) };
    const all = [invoke(given), invoke(given), invoke(given)];
    for (const { invocation } of all) expect(await backupCreateCommand(invocation)).toBe(0);
    const name = `${production.database}_manual_20261123_093000`;
    const names = [`${name}.sql.gz`, `${name}_2.sql.gz`, `${name}_3.sql.gz`];
    const told = all.map(({ events }) => (events.at(-1) as { readonly backup?: string }).backup);
    expect(told.map((path) => basename(String(path)))).toEqual(names);
    expect(readdirSync(production.backups)).toHaveLength(6);
    for (const path of told) {
      const { manifest, problems } = await verifyBackup(String(path));
      expect({ file: manifest.file, problems }).toEqual({ file: basename(String(path)), problems: [] });
    }
    expect(await production.objects()).not.toContain('base table gateway_migrate_journal');
  });

  test('shares the lock with a deploy: whoever comes second is refused, and told who holds it', async () => {
    const production = await create();
    production.configure({ backup: { dir: 'backups', minFree: '1MB', verify: 'checksum' } });
    const held = await connect(server().target(production.database));
    await withLock({ server: held, command: 'deploy', run: 'r1', report: () => undefined }, async () => {
      const refused = lastOf(await production.run('backup', 'create', '--json'));
      expect(refused).toMatchObject({ exitCode: 5, result: 'refused', production: 'unchanged' });
      expect((refused.error as { what: string }).what).toMatch(/^another run holds the lock: `deploy` of .*, run r1$/);
      expect(existsSync(production.backups)).toBe(false);
    });
    const reading = { server: held, command: 'backup create', run: 'r2', report: () => undefined, readsOnly: true };
    await withLock(reading, async () => {
      const refused = lastOf(await production.run('deploy', '--yes', '--json'));
      expect(refused).toMatchObject({ exitCode: 5, production: 'unchanged', applied: [] });
      expect((refused.error as { what: string }).what).toMatch(
        /^another run holds the lock: `backup create` of .*, run r2$/,
      );
    });
  });

  test('is not begun without room for it, and says what its snapshot leaves out', async () => {
    const production = await create();
    production.configure({ backup: { dir: 'backups', minFree: '900TB', verify: 'checksum' } });
    await production.sql('CREATE TABLE notes (id INT) ENGINE=MyISAM');
    const refused = await production.run('backup', 'create', '--json');
    expect(lastOf(refused)).toMatchObject({
      exitCode: 2,
      production: 'unchanged',
      error: {
        what: 'preflight found 1 to mend: disk space',
        state: 'production is as it was before',
        next: 'mend them, then look again: gateway-migrate doctor',
      },
    });
    expect(jsonLines(refused).find(({ name }) => name === 'engines')).toMatchObject({
      level: 'warning',
      detail: 'not part of the snapshot, rows written during the backup may be half in it: notes (MyISAM)',
    });
    expect(existsSync(production.backups)).toBe(false);
  });

  test('is pruned by the policy, after a yes, and never the newest', async () => {
    const production = await create();
    production.configure({
      backup: { dir: 'backups', minFree: '1MB', verify: 'checksum', keep: { last: 1, days: 0 } },
    });
    const made = [];
    for (let number = 0; number < 2; number++) {
      made.push(String(lastOf(await production.run('backup', 'create', '--json')).backup));
    }
    const [old = '', newest = ''] = made;
    expect(lastOf(await production.run('backup', 'prune', '--json'))).toMatchObject({
      exitCode: 5,
      error: { what: 'there is no terminal to ask "Remove this? (yes/no)", and --yes was not given' },
    });
    const pruned = await production.run('backup', 'prune', '--yes', '--json');
    expect(jsonLines(pruned).find(({ type }) => type === 'pruned')).toMatchObject({ removed: [old] });
    expect(readdirSync(production.backups).sort()).toEqual([basename(newest), `${basename(newest)}.manifest.json`]);
    expect((await production.run('backup', 'prune', '--yes')).stdout).toContain('nothing to remove in ');
  });

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
