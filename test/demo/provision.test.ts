import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, onTestFinished, test, vi } from 'vitest';
import { type ProvisionOptions, provisionServer } from '../../src/demo/provision.ts';
import { startSite } from '../../src/demo/site.ts';
import { connect, type Target } from '../../src/mysql/connect.ts';
import { parseFlavor } from '../../src/mysql/flavor.ts';
import { identify } from '../../src/mysql/option-file.ts';
import { startPrivateServer } from '../../src/private-server/server.ts';
import type { Command, Exec } from '../../src/system/exec.ts';
import { systemExec } from '../../src/system/exec.ts';
import type { Exit } from '../../src/system/exit.ts';
import { startServer } from '../support/servers.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'provision-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A machine on which every program fails, but those that `run` answers for. */
function bareMachine(run: (command: Command) => Promise<string | undefined> = async () => undefined): Exec {
  const exit: Exit = { exitCode: 1, signal: undefined, stdout: '', stderr: 'not here', ms: 0, failedToStart: false };
  return {
    ...systemExec,
    run: async (command) => {
      const stdout = await run(command);
      return stdout === undefined ? exit : { ...exit, exitCode: 0, stdout };
    },
  };
}

function options(announced: string[] = []): ProvisionOptions {
  const { signal } = new AbortController();
  return { dir, path: '', canOutliveUs: false, signal, announce: (text) => void announced.push(text) };
}

test('says what to install when there is no server, no package and no Docker', async () => {
  const failure = await provisionServer(bareMachine(), options()).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    message: expect.stringMatching(
      /^The demo needs a database server of its own, and found none: no mysqld or mariadbd with its client programs, .+, and Docker does not run$/,
    ),
    exitCode: 2,
    next: 'apt-get install mariadb-server-core mariadb-client-core mariadb-client',
  });
});

test('says why nothing could be installed', async () => {
  const said = async (exec: Exec) => {
    const failure = await provisionServer(exec, options()).catch((error: Error) => error);
    const found =
      'The demo needs a database server of its own, and found none: no mysqld or mariadbd with its client programs, ';
    return failure instanceof Error ? failure.message.replace(found, '') : failure;
  };
  const [first = '', ...others] = ['mariadb-server-core', 'mariadb-client-core', 'mariadb-client'];
  const installed = (names: readonly string[]) =>
    bareMachine(async ({ file }) =>
      file === 'dpkg-query' ? names.map((name) => `${name} installed`).join('\n') : undefined,
    );
  expect(await said(installed([first, ...others]))).toBe('none after installing it, and Docker does not run');
  const strange = bareMachine();
  const run = async (command: Command) => ({ ...(await strange.run(command)), failedToStart: true });
  expect(await said({ ...strange, run })).toBe('this machine has no apt, and Docker does not run');
  vi.spyOn(process, 'getuid').mockReturnValueOnce(1000);
  expect(await said(installed(others))).toBe(
    'only root may run apt-get install mariadb-server-core, and Docker does not run',
  );
});

test('says what a container, a data folder, a server and a site did not start with', async () => {
  const next = 'gateway-migrate demo';
  const docker = bareMachine(async ({ file, args }) => (file === 'docker' && args[0] === 'info' ? '27.0' : undefined));
  await expect(provisionServer(docker, options())).rejects.toMatchObject({
    message: expect.stringMatching(/^No container could be started: `docker run .+` exited with 1: not here$/),
    next,
  });
  const binaries = {
    kind: 'mariadb',
    version: '10.11.0',
    label: 'MariaDB 10.11.0',
    server: '/bin/false',
    binDir: '/',
    baseDir: '/',
  } as const;
  await expect(startPrivateServer(bareMachine(), { binaries, parentDir: dir })).rejects.toMatchObject({
    message: expect.stringMatching(
      /^A new data folder could not be made: `\S*mariadb-install-db .+` exited with 1: not here$/,
    ),
    next,
  });
  await expect(startPrivateServer(systemExec, { binaries, parentDir: dir, template: dir })).rejects.toMatchObject({
    message: expect.stringMatching(/^The private MariaDB 10\.11\.0 did not start: /),
    next,
  });
  const deep = join(dir, 'x'.repeat(100));
  mkdirSync(deep);
  await expect(startPrivateServer(systemExec, { binaries, parentDir: deep, template: deep })).rejects.toMatchObject({
    message: expect.stringMatching(/^The path of the server's socket is too long: .*x{100}.*\/server\.sock$/),
    next: 'TMPDIR=/tmp gateway-migrate demo',
  });
  const broken: Exec = { ...systemExec, start: (_, where) => systemExec.start({ file: 'false', args: [] }, where) };
  await expect(startSite(broken, dir, false)).rejects.toMatchObject({
    message: expect.stringMatching(/^The sample website did not start on http:\/\/127\.0\.0\.1:\d+\/$/),
    next,
  });
});

describe.runIf('binaries' in inject('servers').mariadb)('with Docker alone', () => {
  test('starts a container on a loopback port, with stand-ins for the client programs', async () => {
    const asked: string[] = [];
    const docker = async ({ file, args }: Command) => {
      if (file !== 'docker') return undefined;
      asked.push(args.join(' '));
      if (args[0] !== 'run') return '';
      const port = args.find((argument) => argument.startsWith('--port=')) ?? '';
      const inside = await startServer('mariadb', { args: [port] });
      onTestFinished(() => inside.stop());
      return 'c0ffee\n';
    };
    const announced: string[] = [];
    const server = await provisionServer(bareMachine(docker), options(announced));
    expect(announced.at(-1)).toBe('No MySQL or MariaDB server found. Starting one with Docker, on a loopback port');
    expect((await connect(server.root)).flavor.kind).toBe('mariadb');
    expect(await dumpThrough(server.clientsDir, server.root)).toContain('CREATE TABLE `innodb_table_stats`');
    expect(readdirSync(server.clientsDir)).toEqual(['mariadb', 'mariadb-dump']);
    await server.stop();
    expect(asked).toEqual([
      'info --format {{.ServerVersion}}',
      `run --detach --publish 127.0.0.1:${server.port}:${server.port} --volume ${dir}:${dir} --env MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1 mariadb:lts --innodb-flush-log-at-trx-commit=2 --log-bin-trust-function-creators=1 --port=${server.port}`,
      'rm --force --volumes c0ffee',
    ]);
  });
});

/** Calls the stand-in as a backup calls the program; `docker exec` starts it on this machine. */
async function dumpThrough(clientsDir: string, root: Target): Promise<string> {
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'docker'), '#!/bin/sh\nshift 3\nexec "$@"\n', { mode: 0o755 });
  const { args, env, secrets } = identify(root, parseFlavor('10.11.0-MariaDB'));
  const exit = await systemExec.run({
    file: join(clientsDir, 'mariadb-dump'),
    args: [...args, '--no-data', 'mysql', 'innodb_table_stats'],
    env: { ...env, PATH: `${bin}:${process.env.PATH}` },
    secrets,
  });
  return exit.stdout + exit.stderr;
}
