import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { failedUnchanged } from '../errors.ts';
import type { Target } from '../mysql/connect.ts';
import { findServerBinaries, type ServerBinaries } from '../private-server/binaries.ts';
import { startPrivateServer } from '../private-server/server.ts';
import type { Exec } from '../system/exec.ts';
import { installPackages } from './apt.ts';
import { isDockerRunning, startContainer } from './docker.ts';

/** A running server of our own, wherever it came from. */
export interface SandboxServer {
  /** `MySQL 9.7.4`. */
  readonly label: string;
  readonly root: Target;
  readonly port: number;
  /** Folder of the client programs that fit it. */
  readonly clientsDir: string;
  /** What a person types to end it, after `letGo`. */
  readonly stopCommand: string;
  stop(): Promise<void>;
  letGo(): void;
}

export interface ProvisionOptions {
  /** Everything of the server is kept in it. */
  readonly dir: string;
  readonly path: string | undefined;
  readonly canOutliveUs: boolean;
  readonly signal: AbortSignal;
  /** Told before something takes long or changes the machine. */
  announce(text: string): void;
}

const PACKAGES = ['mariadb-server-core', 'mariadb-client-core', 'mariadb-client'];

/**
 * Starts a private server: from the programs this machine has, else from packages if we may install them, else in a
 * container if Docker runs. Throws a `Failure` that says what to install.
 */
export async function provisionServer(exec: Exec, options: ProvisionOptions): Promise<SandboxServer> {
  const installed = await findWithClients(exec, options);
  if (installed !== undefined) return startInstalled(exec, installed, options);
  const missing = await installPackages(exec, PACKAGES, (names) =>
    options.announce(`No MySQL or MariaDB server found. Installing with apt, starting none of it: ${names.join(', ')}`),
  );
  const added = missing.names.length === 0 ? await findWithClients(exec, options) : undefined;
  if (added !== undefined) return startInstalled(exec, added, options);
  if (await isDockerRunning(exec)) {
    options.announce('No MySQL or MariaDB server found. Starting one with Docker, on a loopback port');
    return startContained(exec, options);
  }
  throw failedUnchanged(
    `The demo needs a database server of its own, and found none: no mysqld or mariadbd with its client programs, ${missing.reason || 'none after installing it'}, and Docker does not run`,
    `apt-get install ${PACKAGES.join(' ')}`,
  );
}

/** A deploy backs up: a server without its own dump program is of no use. */
async function findWithClients(exec: Exec, { path }: ProvisionOptions): Promise<ServerBinaries | undefined> {
  const found = await findServerBinaries(exec, { path });
  return found.find(({ kind, binDir }) => existsSync(join(binDir, kind === 'mysql' ? 'mysqldump' : 'mariadb-dump')));
}

async function startInstalled(exec: Exec, binaries: ServerBinaries, options: ProvisionOptions): Promise<SandboxServer> {
  const server = await startPrivateServer(exec, {
    binaries,
    parentDir: options.dir,
    canOutliveUs: options.canOutliveUs,
    binlog: true,
    // Without it only an administrator may create triggers while the binary log is on.
    args: ['--log-bin-trust-function-creators=1', '--skip-name-resolve'],
  });
  return {
    label: binaries.label,
    root: server.target('mysql'),
    port: server.port,
    clientsDir: binaries.binDir,
    stopCommand: `kill -9 ${server.pid}`,
    stop: () => server.stop(),
    letGo: () => server.letGo(),
  };
}

async function startContained(exec: Exec, { dir, signal }: ProvisionOptions): Promise<SandboxServer> {
  const server = await startContainer(exec, dir, signal);
  return { ...server, port: server.root.port ?? 3306, stopCommand: `docker rm --force --volumes ${server.id}` };
}
