import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure, failedUnchanged } from '../errors.ts';
import type { Target } from '../mysql/connect.ts';
import type { Exec, Started } from '../system/exec.ts';
import type { ServerBinaries } from './binaries.ts';
import { FOLD_NAMES, isolationOptions, makeDataFolder, QUICK } from './data-folder.ts';
import { waitForGreeting } from './greeting.ts';
import { discardKeptFolder, findOrMakeKeptFolder } from './kept-folder.ts';
import { atExit, endWithUs } from './lifetime.ts';
import { findFreePort } from './port.ts';

export interface PrivateServerOptions {
  readonly binaries: ServerBinaries;
  /** Where the folder of the server is made. Default: the folder for temporary files. */
  readonly parentDir?: string;
  /** An initialised data folder to copy instead of making one (which takes MySQL 2 s). */
  readonly template?: string;
  /** Where initialised data folders are kept between runs (`keptFoldersIn`): one is copied, or made there first. */
  readonly keptFolders?: string | undefined;
  /** Further server options; they win over ours. */
  readonly args?: readonly string[];
  /** Every commit reaches the disk before it is acknowledged. Default: it survives a kill, but not a power cut. */
  readonly durable?: boolean;
  /** Default: as the server has it (MySQL on, MariaDB off). */
  readonly binlog?: boolean;
  /** Names of databases and tables are kept in lower case (`lower_case_table_names=1`). A `template` was made like that. */
  readonly foldsNames?: boolean | undefined;
  /** It may go on when this process has ended (`letGo`); otherwise it dies with us, even by SIGKILL. Default: false. */
  readonly canOutliveUs?: boolean;
}

/**
 * Options for a server that stands in for production: MariaDB without symbolic links leaves DATA DIRECTORY and INDEX DIRECTORY out
 * (1618), so that nothing is put beside production's own files. MySQL takes only folders that it was started with (3121).
 */
export function ownFolderArgs(kind: ServerBinaries['kind']): string[] {
  return kind === 'mariadb' ? ['--skip-symbolic-links'] : [];
}

/** `sun_path` of a unix socket holds 108 bytes with its closing NUL (unix(7)); MySQL takes one less. */
const LONGEST_SOCKET_PATH = 106;
const START_TIMEOUT_MS = 60_000;
const PORT_ATTEMPTS = 5;

/** Starts a server on a new data folder. No existing server, file or configuration is touched. Throws a `Failure`. */
export async function startPrivateServer(exec: Exec, options: PrivateServerOptions): Promise<PrivateServer> {
  const dir = await mkdtemp(join(options.parentDir ?? tmpdir(), 'gateway-migrate-'));
  const server = new PrivateServer(exec, options, dir);
  try {
    const { keptFolders } = options;
    const kept = keptFolders && (await findOrMakeKeptFolder(exec, options, keptFolders));
    if (kept && (await startsOnCopy(exec, server, kept))) return server;
    await fillDataFolder(exec, options, dir);
    await server.start();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** What was kept may have been damaged since, so that no failure of it counts: it goes, and there is the other way. */
async function startsOnCopy(exec: Exec, server: PrivateServer, kept: string): Promise<boolean> {
  const dataDir = join(server.dir, 'data');
  try {
    const copied = await exec.run({ file: 'cp', args: ['-a', kept, dataDir] });
    if (copied.exitCode === 0) {
      await server.start();
      return true;
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
  await discardKeptFolder(kept);
  await rm(dataDir, { recursive: true, force: true });
  return false;
}

async function fillDataFolder(
  exec: Exec,
  { binaries, template, foldsNames }: PrivateServerOptions,
  dir: string,
): Promise<void> {
  const dataDir = join(dir, 'data');
  if (template === undefined) await makeDataFolder(exec, binaries, { dataDir, scratchDir: dir, foldsNames });
  else await exec.run({ file: 'cp', args: ['-a', template, dataDir] });
}

/** A database server of our own: its files in one folder, reachable over a unix socket in it and a loopback port. */
export class PrivateServer {
  readonly binaries: ServerBinaries;
  readonly dir: string;
  readonly socket: string;
  readonly #exec: Exec;
  readonly #options: PrivateServerOptions;
  readonly #callOffCleanup: () => void;
  #port = 0;
  #process: Started | undefined;

  constructor(exec: Exec, options: PrivateServerOptions, dir: string) {
    this.#exec = exec;
    this.#options = options;
    this.binaries = options.binaries;
    this.dir = dir;
    this.socket = join(dir, 'server.sock');
    this.#callOffCleanup = atExit(() => {
      this.#process?.kill();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    });
  }

  /** Stays the same over restarts unless another program takes it meanwhile. */
  get port(): number {
    return this.#port;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** `root` over the socket, without a password: only who may enter the folder gets that far. */
  target(database: string): Target {
    return { socket: this.socket, database, user: 'root', tls: false };
  }

  /** Starts it on the data there is, as after a `kill`. Throws a `Failure` with the end of the server's error log. */
  async start(extraArgs: readonly string[] = []): Promise<void> {
    if (Buffer.byteLength(this.socket) > LONGEST_SOCKET_PATH) {
      throw failedUnchanged(
        `The path of the server's socket is too long: ${this.socket}`,
        'TMPDIR=/tmp gateway-migrate demo',
      );
    }
    for (let attempt = 1; ; attempt++) {
      this.#port ||= await findFreePort();
      if (await this.#startOnce(extraArgs)) return;
      const log = await this.#endOfLog();
      // Between our look and the server's bind another program may have taken the port.
      if (!/Address already in use/i.test(log) || attempt === PORT_ATTEMPTS) {
        throw failedUnchanged(`The private ${this.binaries.label} did not start: ${log}`, 'gateway-migrate demo');
      }
      this.#port = 0;
    }
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#process?.kill(signal);
    await this.#process?.exit;
    this.#process = undefined;
  }

  /** Ends the server at once and removes its folder. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.dir, { recursive: true, force: true });
    this.#callOffCleanup();
  }

  /** The server goes on, and its folder stays, when this process has ended. */
  letGo(): void {
    this.#callOffCleanup();
    this.#process?.letGo();
  }

  async #startOnce(extraArgs: readonly string[]): Promise<boolean> {
    // A lock file that names a killed process keeps MySQL from starting.
    for (const left of [this.socket, `${this.socket}.lock`]) await rm(left, { force: true });
    await rm(this.#logFile, { force: true });
    const command = { file: this.binaries.server, args: [...this.#serverOptions(), ...extraArgs] };
    const started = this.#exec.start(this.#options.canOutliveUs ? command : endWithUs(command), {
      logFile: join(this.dir, 'output.log'),
    });
    this.#process = started;
    let hasEnded = false;
    void started.exit.then(() => (hasEnded = true));
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    const answers = await waitForGreeting(this.socket, () => hasEnded || performance.now() > deadlineMs);
    if (!answers) await this.kill();
    return answers;
  }

  #serverOptions(): string[] {
    const { binaries, durable, binlog, foldsNames, args } = this.#options;
    return [
      ...isolationOptions(binaries),
      `--datadir=${join(this.dir, 'data')}`,
      `--socket=${this.socket}`,
      `--pid-file=${join(this.dir, 'server.pid')}`,
      `--log-error=${this.#logFile}`,
      `--tmpdir=${this.dir}`,
      '--bind-address=127.0.0.1',
      `--port=${this.#port}`,
      `--server-id=${this.#port}`,
      '--innodb-buffer-pool-size=64M',
      ...(foldsNames ? [FOLD_NAMES] : []),
      ...(durable ? DURABLE : [...QUICK, '--sync-binlog=0']),
      ...binlogOptions(binaries.kind, binlog),
      ...(args ?? []),
    ];
  }

  get #logFile(): string {
    return join(this.dir, 'error.log');
  }

  async #endOfLog(): Promise<string> {
    const log = await readFile(this.#logFile, 'utf8').catch(() => readFile(join(this.dir, 'output.log'), 'utf8'));
    return log.trim().split('\n').slice(-12).join('\n');
  }
}

const DURABLE = ['--innodb-flush-log-at-trx-commit=1', '--sync-binlog=1'];

function binlogOptions(kind: ServerBinaries['kind'], binlog: boolean | undefined): string[] {
  if (binlog === undefined) return [];
  if (!binlog) return ['--skip-log-bin'];
  return ['--log-bin=binlog', ...(kind === 'mariadb' ? ['--binlog-format=ROW'] : [])];
}
