import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { dumpDatabase } from '../../src/backup/dump/dump.ts';
import { listBackups, removeLeftovers } from '../../src/backup/file/folder.ts';
import { verifyBackup } from '../../src/backup/file/verify.ts';
import { requireWhole } from '../../src/phases/backup/whole-backup.ts';
import { systemExec } from '../../src/system/exec.ts';
import { Secret } from '../../src/system/secret.ts';
import { describeOnServers, startServer, type TestServer } from '../support/servers.ts';
import { clientsOf, contextFor, failureOf, runScript, takeBackup, temporaryFolder } from './support.ts';
import { ZOO } from './zoo.ts';

const NASTY = `p'a"s s$#\\n\\\\ ;=[x]%\`€ `;

/** A stand-in for the dump program: a shell script that may pass the real dump on. */
async function withDumpScript(server: TestServer, script: string) {
  const clients = await clientsOf(server);
  const path = join(temporaryFolder(), 'dump');
  writeFileSync(path, `#!/bin/sh\n${script.replaceAll('REAL', clients.dump)}\n`);
  chmodSync(path, 0o755);
  return { ...clients, dump: path };
}

describeOnServers('a backup that fails', (server) => {
  async function failWith(script: string) {
    const database = await server().createDatabase();
    await runScript(server(), database, ZOO);
    const file = join(temporaryFolder(), 'it.sql.gz');
    const clients = await withDumpScript(server(), script);
    const context = await contextFor(server().target(database));
    const failure = await failureOf(dumpDatabase({ file, compression: 'gzip', clients, stepId: 'backup' }, context));
    expect(readdirSync(dirname(file))).toEqual([]);
    expect({ code: failure.exitCode, production: failure.production }).toEqual({ code: 2, production: 'unchanged' });
    return failure.message.replaceAll(database, 'DATABASE').replace(/`\S+dump .*`/, 'THE DUMP');
  }

  it('says that the dump program was killed', async () => {
    expect(await failWith('REAL "$@" 2>/dev/null | head -c 3000; kill -9 $$')).toBe(
      'the backup of DATABASE failed: THE DUMP was ended by SIGKILL',
    );
  });

  it('says that the server was killed in the middle', async () => {
    const doomed = await startServer(server().kind);
    const database = await doomed.createDatabase();
    await doomed.sql(
      'CREATE TABLE large (id INT PRIMARY KEY, t LONGBLOB); INSERT INTO large VALUES (1, REPEAT(RANDOM_BYTES(1000), 8000)), (2, REPEAT(RANDOM_BYTES(1000), 8000))',
      database,
    );
    const pid = readFileSync(join(doomed.dir, 'server.pid'), 'utf8').trim();
    const slow = `head -c 100000; kill -9 ${pid}; sleep 0.2; cat`;
    const clients = await withDumpScript(doomed, `exec bash -c 'set -o pipefail; REAL "$@" | { ${slow}; }' dump "$@"`);
    const file = join(temporaryFolder(), 'it.sql.gz');
    const failure = await failureOf(takeBackup(doomed, doomed.target(database), { clients, file }));
    expect({ code: failure.exitCode, production: failure.production }).toEqual({ code: 2, production: 'unchanged' });
    expect(failure.message.replace(/`\S+dump .*?`/, 'THE DUMP')).toMatch(
      new RegExp(
        `^the backup of ${database} failed: THE DUMP exited with 3: \\S+: Error 2013: Lost connection to (?:MySQL )?server during query when dumping table .large. at row: \\d$`,
      ),
    );
    expect(readdirSync(dirname(file))).toEqual([]);
    await doomed.stop();
  });

  it('says what the dump program said', async () => {
    expect(await failWith('echo "no such luck" >&2; exit 2')).toBe(
      'the backup of DATABASE failed: THE DUMP exited with 2: no such luck',
    );
  });

  it('misses the last line of a dump that ends well and early', async () => {
    expect(await failWith('REAL "$@" | head -c 3000')).toBe(
      'the backup of DATABASE failed: the dump ended without its last line, "-- Dump completed"',
    );
  });

  it('misses what the dump program left out', async () => {
    expect(await failWith('REAL "$@" | sed "/50003 TRIGGER/d; /structure for view .first_view/d"')).toBe(
      'the backup of DATABASE failed: the dump lacks view first_view, 3 of 3 triggers',
    );
  });

  it('misses rows that the dump program left out', async () => {
    const database = await server().createDatabase();
    const rows = Array.from({ length: 2500 }, (_, id) => `(${id})`).join();
    await runScript(server(), database, `CREATE TABLE many (id INT PRIMARY KEY); INSERT INTO many VALUES ${rows};`);
    const clients = await withDumpScript(
      server(),
      `REAL "$@" | sed 's/^\\(INSERT INTO .many. VALUES *\\)(.*;$/\\1(1);/; /^([0-9]*),$/d'`,
    );
    const failure = await failureOf(takeBackup(server(), server().target(database), { clients }));
    expect(failure.message).toBe(`the backup of ${database} failed: the dump has 1 rows of many, the server 2500`);
  });

  it('leaves nothing when it is interrupted', async () => {
    const database = await server().createDatabase();
    const file = join(temporaryFolder(), 'it.sql.gz');
    const clients = await withDumpScript(server(), 'REAL "$@"; exec sleep 60');
    const controller = new AbortController();
    const context = await contextFor(server().target(database), { signal: controller.signal });
    const running = dumpDatabase({ file, compression: 'gzip', clients, stepId: 'backup' }, context);
    while (readdirSync(dirname(file)).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort(new Error('Ctrl-C'));
    await expect(running).rejects.toThrow('Ctrl-C');
    expect(readdirSync(dirname(file))).toEqual([]);
  });

  it('says that a folder cannot be made', async () => {
    const database = await server().createDatabase();
    const folder = join(temporaryFolder(), 'a file');
    writeFileSync(folder, '');
    const failure = await failureOf(
      takeBackup(server(), server().target(database), { file: join(folder, 'x.sql.gz') }),
    );
    expect(failure.message).toBe(`the backup of ${database} failed: EEXIST: file already exists, mkdir '${folder}'`);
  });
});

describeOnServers('credentials', (server) => {
  it.each(['socket', 'tcp'])('reach the clients with a nasty password over %s, and nobody sees them', async (via) => {
    const database = await server().createDatabase('with-dash');
    const user = `nasty_${via}`;
    const escaped = NASTY.replaceAll('\\', '\\\\').replaceAll("'", "''");
    for (const host of ['localhost', '127.0.0.1']) {
      await server().sql(
        `CREATE USER ${user}@'${host}' IDENTIFIED BY '${escaped}'; GRANT ALL ON *.* TO ${user}@'${host}'`,
      );
    }
    const here = via === 'tcp' ? { host: '127.0.0.1', port: server().port, socket: undefined } : {};
    const target = { ...server().target(database), user, password: new Secret(NASTY), ...here };
    const seen = join(temporaryFolder(), 'seen');
    const clients = await withDumpScript(
      server(),
      `{ cat /proc/self/environ; echo "$@"; ls -l /proc/self/fd; } > ${seen}; exec REAL "$@"`,
    );
    const { manifest } = await takeBackup(server(), target, { clients });
    expect(manifest.database).toBe(database);
    const visible = readFileSync(seen, 'utf8');
    expect(visible).toContain('--defaults-file=/dev/fd/3');
    expect(visible).toMatch(/3 -> .*\(deleted\)/);
    expect(visible).not.toContain(NASTY);
  });
});

describeOnServers('a stored backup', (server) => {
  it('is told from a truncated, a bit-flipped and an edited one', async () => {
    const database = await server().createDatabase();
    await runScript(server(), database, ZOO);
    const { file, manifest } = await takeBackup(server(), server().target(database));
    const whole = readFileSync(file);
    for (let trial = 0; trial < 100; trial++) {
      const at = Math.floor((whole.length * (trial + Math.random())) / 100);
      writeFileSync(file, whole.subarray(0, at));
      expect((await verifyBackup(file)).problems[0]).toBe(
        `the file has ${at} bytes instead of ${whole.length}: it is truncated or replaced`,
      );
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (trial % 8));
      writeFileSync(file, flipped);
      expect((await verifyBackup(file)).problems[0]).toMatch(/^its SHA-256 is [0-9a-f]{64} instead of/);
    }
    const text = execFileSync('gunzip', ['-c'], { input: whole }).toString('latin1');
    const edited = text.replace(/INSERT INTO `b` VALUES\s*\(7,1\)/, 'INSERT INTO `b` VALUES (7,1),(8,1)');
    writeFileSync(file, execFileSync('gzip', ['-c'], { input: Buffer.from(edited, 'latin1') }));
    expect((await verifyBackup(file)).problems).toContain('table b has 2 rows instead of 1');
    writeFileSync(file, whole);
    expect(await verifyBackup(file)).toEqual({ manifest, problems: [] });
    const context = await contextFor(server().target(database));
    const other = {
      kind: server().kind === 'mysql' ? 'mariadb' : 'mysql',
      version: [1, 0, 0],
      label: 'another',
    } as const;
    const elsewhere = { ...context, server: { ...context.server, flavor: other } };
    await expect(requireWhole(file, elsewhere)).rejects.toMatchObject({
      message: `${file} comes from ${manifest.client}, the server is another`,
      exitCode: 5,
      next: 'gateway-migrate backup list',
    });
  });

  it('loads with stock tools, one table at a time too', async () => {
    const database = await server().createDatabase();
    await runScript(server(), database, ZOO);
    const { file, manifest } = await takeBackup(server(), server().target(database));
    const table = manifest.tables.find(({ name }) => name === 'empty_one');
    const { offset = 0, length = 0 } = table?.range ?? {};
    const part = execFileSync('gunzip', ['-c'], { input: readFileSync(file).subarray(offset, offset + length) });
    expect(part.toString().split('\n')[0]).toBe('-- Table structure for table `empty_one`');
    const other = await server().createDatabase();
    const exit = await systemExec.run({
      file: 'sh',
      args: [
        '-c',
        'gunzip < "$0" | "$1" --no-defaults -uroot -S "$2" "$3"',
        file,
        (await clientsOf(server())).shell,
        server().socket,
        other,
      ],
    });
    expect(exit.stderr).toBe('');
    expect(exit.exitCode).toBe(0);
  });

  it('is listed with its manifest, and unfinished files of dead runs go', async () => {
    const folder = join(temporaryFolder(), 'backups');
    expect(await listBackups(folder)).toEqual([]);
    mkdirSync(folder);
    const database = await server().createDatabase();
    const { file, manifest } = await takeBackup(server(), server().target(database), {
      file: join(folder, 'x.sql.gz'),
    });
    const mine = `.y.sql.gz.${process.pid}.partial`;
    for (const name of ['.y.sql.gz.4194303.partial', mine, 'notes.txt']) writeFileSync(join(folder, name), '');
    expect((await listBackups(folder)).map((one) => [one.path, one.manifest])).toEqual([[file, manifest]]);
    expect(await removeLeftovers(folder)).toEqual(['.y.sql.gz.4194303.partial']);
    expect(readdirSync(folder)).toContain(mine);
  });
});
