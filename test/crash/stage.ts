import { type ChildProcess, execFile as execFileWithCallback, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { inject } from 'vitest';
import { quoteName } from '../../src/mysql/quote.ts';
import { type Blow, startProxy } from '../support/proxy.ts';
import type { TestServer } from '../support/servers.ts';
import { dumpDatabase } from './dump.ts';

const execFile = promisify(execFileWithCallback);

/** How a started program ended. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** What was to be struck, and what the proxy saw. */
export interface Struck extends Ended {
  readonly commands: readonly string[];
  /** The commands (1-based) before which the program had written into its folders since the command before. */
  readonly written: ReadonlySet<number>;
}

export interface StageOptions {
  /** Script that makes the state before the deploy. */
  readonly start: string;
  /** Migration files by name. */
  readonly migrations: Readonly<Record<string, string>>;
  /** Whom the program connects as. Default: root. */
  readonly account?: { readonly user: string; readonly password: string };
  /** More keys of the configuration, given the stage's folder. */
  readonly configure?: (dir: string) => Record<string, unknown>;
}

/** A fresh database and folder, in which the built program is started, killed, and started again. */
export class Stage {
  readonly dir = mkdtempSync(join(tmpdir(), 'gateway-crash-'));
  readonly #server: TestServer;
  readonly #connection: Connection;
  readonly #database: string;
  readonly #options: StageOptions;
  #kept: string | undefined;

  private constructor(server: TestServer, connection: Connection, database: string, options: StageOptions) {
    this.#server = server;
    this.#connection = connection;
    this.#database = database;
    this.#options = options;
  }

  static async build(server: TestServer, options: StageOptions): Promise<Stage> {
    const connection = await createConnection({
      socketPath: server.socket,
      user: 'root',
      multipleStatements: true,
      // As a migration's connection is: collation and sql_mode stay in the definitions of views and programs.
      charset: server.kind === 'mysql' ? 'utf8mb4_0900_ai_ci' : 'utf8mb4_general_ci',
      flags: ['-IGNORE_SPACE'],
    });
    const database = `crash_${process.pid}_${++stages}`;
    await connection.query(`${creationOf(database)}; USE ${database}`);
    await runLines(connection, options.start);
    const stage = new Stage(server, connection, database, options);
    mkdirSync(join(stage.dir, 'migrations'));
    for (const [name, text] of Object.entries(options.migrations)) {
      writeFileSync(join(stage.dir, 'migrations', name), text);
    }
    return stage;
  }

  get database(): string {
    return this.#database;
  }

  /** Runs the program to its end, straight to the server. */
  run(...args: string[]): Promise<Ended> {
    return this.#start({ socket: this.#server.socket }, args).ended;
  }

  /** Runs it behind the proxy, and kills it with -9 when the blow falls. */
  async strike(blow: Pick<Blow, 'at' | 'fate'> | undefined, ...args: string[]): Promise<Struck> {
    let child: ChildProcess | undefined;
    const onReached = () => void child?.kill('SIGKILL');
    const written = new Set<number>();
    let known = '';
    const watch = (number: number) => {
      const found = this.#print();
      if (found !== known) written.add(number);
      known = found;
    };
    // Looking takes time that a killed run does not have.
    const proxy = blow
      ? await startProxy(this.#server.socket, { ...blow, onReached })
      : await startProxy(this.#server.socket, undefined, watch);
    try {
      const started = this.#start({ host: '127.0.0.1', port: proxy.port }, args);
      child = started.child;
      return { ...(await started.ended), commands: proxy.commands, written };
    } finally {
      await proxy.close();
    }
  }

  /** Runs it with `--json`, straight to the server, and kills it with -9 when the k-th event arrives. */
  strikeAtEvent(at: number, ...args: string[]): Promise<Ended> {
    const { child, ended } = this.#start({ socket: this.#server.socket }, [...args, '--json']);
    let lines = 0;
    child.stdout?.on('data', (chunk: Buffer) => {
      lines += chunk.toString().split('\n').length - 1;
      if (lines >= at) child.kill('SIGKILL');
    });
    return ended;
  }

  dump(): Promise<string> {
    return dumpDatabase(this.#connection, this.#database);
  }

  /** Keeps the database and the folder as they are now, for `reset`. */
  async keep(): Promise<void> {
    const dumping = ['--routines', '--triggers', '--events', '--single-transaction', '--hex-blob', this.#database];
    const isMysql = this.#server.kind === 'mysql';
    this.#kept = await this.#client(isMysql ? 'mysqldump' : 'mariadb-dump', [
      ...(isMysql ? ['--set-gtid-purged=OFF', '--no-tablespaces'] : []),
      ...dumping,
    ]);
    cpSync(this.dir, `${this.dir}.kept`, { recursive: true, preserveTimestamps: true });
  }

  /** Makes both again what they were when they were kept. */
  async reset(): Promise<void> {
    if (this.#kept === undefined) throw new Error('nothing was kept');
    for (const name of await this.beside()) {
      await this.#connection.query(`DROP DATABASE ${quoteName(`${this.#database}_${name}`)}`);
    }
    await this.#connection.query(`DROP DATABASE IF EXISTS ${quoteName(this.#database)}`);
    await this.#connection.query(creationOf(this.#database));
    await this.#client(this.#server.kind === 'mysql' ? 'mysql' : 'mariadb', [this.#database], this.#kept);
    rmSync(this.dir, { recursive: true });
    cpSync(`${this.dir}.kept`, this.dir, { recursive: true, preserveTimestamps: true });
  }

  async sql(text: string): Promise<void> {
    await this.#connection.query(`USE ${quoteName(this.#database)}`);
    await runLines(this.#connection, text);
  }

  /** The databases that stand beside this one, without what their names have in common. */
  async beside(): Promise<string[]> {
    const [rows] = await this.#connection.query<RowDataPacket[]>('SHOW DATABASES LIKE ?', [
      `${this.#database.replaceAll('_', '\\_')}\\_%`,
    ]);
    return rows.map((row) => String(Object.values(row)[0]).slice(this.#database.length + 1));
  }

  async clear(): Promise<void> {
    for (const name of await this.beside()) {
      await this.#connection.query(`DROP DATABASE ${quoteName(`${this.#database}_${name}`)}`);
    }
    await this.#connection.query(`DROP DATABASE ${quoteName(this.#database)}`);
    await this.#connection.end();
    for (const folder of [this.dir, `${this.dir}.kept`]) rmSync(folder, { recursive: true, force: true });
  }

  /** What a client program of the server prints. */
  async #client(program: string, args: readonly string[], input = ''): Promise<string> {
    const options = ['--no-defaults', `--socket=${this.#server.socket}`, '--user=root'];
    const ended = execFile(join(this.#server.binDir, program), [...options, ...args], { maxBuffer: 2 ** 24 });
    ended.child.stdin?.end(input);
    return (await ended).stdout;
  }

  /** Of everything that decides what a later run does: logs and pages are read by people, and pages are made of the events. */
  #print(): string {
    const names = readdirSync(this.dir, { recursive: true, encoding: 'utf8' }).filter(
      (name) => !/^logs|\/(?:events\.ndjson|report\.html)$/.test(name),
    );
    return names.map((name) => `${name} ${changeOf(join(this.dir, name))}`).join('\n');
  }

  #start(where: Record<string, unknown>, args: readonly string[]) {
    const config = join(this.dir, 'gateway-migrate.config.json');
    writeFileSync(config, JSON.stringify(this.#configuration(where)));
    const { PATH = '', HOME = '/' } = process.env;
    const child = spawn(process.execPath, [inject('program'), ...args], {
      cwd: this.dir,
      env: { PATH, HOME, TMPDIR: join(this.dir), GATEWAY_MIGRATE_CLIENTS: this.#server.binDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const ended = new Promise<Ended>((resolve) => {
      child.on('close', (code) => resolve({ code, output }));
    });
    return { child, ended };
  }

  #configuration(where: Record<string, unknown>): Record<string, unknown> {
    return {
      database: { ...where, name: this.#database, user: 'root', tls: false, ...this.#options.account },
      migrations: { dir: 'migrations', laravelTable: null },
      app: { maintenance: 'none', caches: 'none' },
      backup: { dir: 'backups', verify: 'checksum' },
      logs: 'logs',
      state: 'state',
      ...this.#options.configure?.(this.dir),
    };
  }
}

function creationOf(database: string): string {
  return `CREATE DATABASE ${database} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`;
}

function changeOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found ? `${found.size} ${found.mtimeNs}` : 'gone';
}

/** One statement after another: in a packet of several MySQL keeps the semicolon as a part of a trigger. */
async function runLines(connection: Connection, script: string): Promise<void> {
  for (const statement of script.split(/;\s*(?:\n|$)/)) {
    if (statement.trim() !== '') await connection.query(statement);
  }
}

let stages = 0;
