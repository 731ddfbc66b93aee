import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { failedUnchanged } from '../errors.ts';
import { connect, type Target } from '../mysql/connect.ts';
import { atExit } from '../private-server/lifetime.ts';
import { findFreePort } from '../private-server/port.ts';
import { type Command, describeExit, type Exec } from '../system/exec.ts';

/** A server in a container of its own, on a loopback port. */
export interface ContainerServer {
  readonly id: string;
  readonly label: string;
  readonly root: Target;
  /** Folder of stand-ins for the client programs, which run inside the container. */
  readonly clientsDir: string;
  stop(): Promise<void>;
  letGo(): void;
}

/** Debian's own client names are in it, as in the packages. */
const IMAGE = 'mariadb:lts';
const LABEL = 'MariaDB in a container';
const START_TIMEOUT_MS = 120_000;
const CLIENTS = ['mariadb-dump', 'mariadb'];

export async function isDockerRunning(exec: Exec): Promise<boolean> {
  const exit = await exec.run(
    { file: 'docker', args: ['info', '--format', '{{.ServerVersion}}'] },
    { timeoutMs: 10_000 },
  );
  return exit.exitCode === 0;
}

/**
 * Starts a container that sees `dir` under the same path, so that client programs run in it find our credentials
 * files. The server listens on the same port inside and outside, for the same reason. Throws a `Failure`.
 */
export async function startContainer(exec: Exec, dir: string, signal: AbortSignal): Promise<ContainerServer> {
  const port = await findFreePort();
  const id = (await must(exec, { file: 'docker', args: runArguments(dir, port) })).trim();
  const remove: Command = { file: 'docker', args: ['rm', '--force', '--volumes', id] };
  // Nothing can be awaited when a process exits: the removal goes on without us.
  const callOff = atExit(() => exec.start(remove, { logFile: '/dev/null' }).letGo());
  const stop = async () => {
    await exec.run(remove);
    callOff();
  };
  const root: Target = { host: '127.0.0.1', port, database: 'mysql', user: 'root', tls: false };
  try {
    await waitUntilItAnswers(root, signal);
    return { id, label: LABEL, root, clientsDir: await writeClients(dir, id), stop, letGo: callOff };
  } catch (error) {
    await stop();
    throw error;
  }
}

function runArguments(dir: string, port: number): string[] {
  const server = ['--innodb-flush-log-at-trx-commit=2', '--log-bin-trust-function-creators=1', `--port=${port}`];
  const published = ['--publish', `127.0.0.1:${port}:${port}`, '--volume', `${dir}:${dir}`];
  return ['run', '--detach', ...published, '--env', 'MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1', IMAGE, ...server];
}

async function waitUntilItAnswers(root: Target, signal: AbortSignal): Promise<void> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    signal.throwIfAborted();
    try {
      await connect(root);
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await sleep(250);
    }
  }
}

async function writeClients(dir: string, id: string): Promise<string> {
  const folder = join(dir, 'clients');
  await mkdir(folder);
  for (const name of CLIENTS) {
    const file = join(folder, name);
    await writeFile(file, clientScript(folder, id, name));
    await chmod(file, 0o755);
  }
  return folder;
}

/** Only standard input reaches a program in a container: the option file that it inherits is copied to where it sees it. */
function clientScript(folder: string, id: string, name: string): string {
  return `#!/bin/sh
if [ "$1" = --defaults-file=/dev/fd/3 ]; then
  umask 077
  options=$(mktemp '${folder}/options.XXXXXX') && trap 'rm -f "$options"' EXIT && cat <&3 >"$options" || exit 1
  shift
  set -- "--defaults-file=$options" "$@"
fi
docker exec --interactive ${id} ${name} "$@"
`;
}

async function must(exec: Exec, command: Command): Promise<string> {
  const exit = await exec.run(command);
  if (exit.exitCode === 0) return exit.stdout;
  throw failedUnchanged(`No container could be started: ${describeExit(command, exit)}`, 'gateway-migrate demo');
}
