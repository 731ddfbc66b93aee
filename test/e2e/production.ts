import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { quoteName } from '../../src/mysql/quote.ts';
import { openTerminal, type Terminal } from '../support/pty.ts';
import type { TestServer } from '../support/servers.ts';

/** Quotes, spaces, `$`, `#`, backslashes: all that a shell, an option file or a URL would trip over. */
export const PASSWORD = `it's "50%" of $HOME \\ and \\n, #1 \${x} = é`;
const USER = 'app user';
const PACKAGE = join(import.meta.dirname, '../..');
const PARENTS = readFileSync(join(PACKAGE, 'test/fixtures/parents.sql'), 'utf8');
const SIX = join(PACKAGE, 'migrations');

/** What a run of the program left behind. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type JsonObject = Record<string, unknown> & { readonly type: string; readonly at: string; readonly run: string };

export interface ProductionOptions {
  /** `six` copies the project's own; else files by name. Default: none. */
  readonly migrations?: 'six' | Readonly<Record<string, string>>;
  readonly reachedBy?: 'socket' | 'tcp';
  readonly database?: string;
  /** Makes the six parent tables. Default: with the six migrations. */
  readonly parents?: boolean;
  /** A deploy asks for its rehearsal. Default: no, most stories are about something else and would take twice as long. */
  readonly rehearses?: boolean;
  /** What GRANT gives on the database. Default: ALL. */
  readonly grants?: string;
}

const LOG_RIGHTS = {
  mysql: ['REPLICATION SLAVE', 'REPLICATION CLIENT', 'REPLICATION_APPLIER'],
  mariadb: ['REPLICATION SLAVE', 'BINLOG MONITOR', 'BINLOG REPLAY'],
} as const;

/** A database with an account of its own, a folder with its configuration, and the built program to run on it. */
export class Production {
  readonly server: TestServer;
  readonly database: string;
  readonly dir: string;
  readonly backups: string;
  readonly logs: string;
  readonly #program: string;
  /** See `ProductionOptions`. */
  rehearses = false;
  #config: Record<string, unknown> = {};

  constructor(server: TestServer, database: string, dir: string) {
    this.server = server;
    this.database = database;
    this.dir = dir;
    this.backups = join(dir, 'backups');
    this.logs = join(dir, 'logs');
    this.#program = inject('program');
  }

  /** Sets top-level keys of the configuration. */
  configure(changes: Record<string, unknown>): void {
    this.#config = { ...this.#config, ...changes };
    writeFileSync(join(this.dir, 'gateway-migrate.config.json'), JSON.stringify(this.#config, null, 2));
  }

  /** Writes a migration file; undefined removes it. */
  migration(name: string, text: string | undefined): void {
    const path = join(this.dir, 'migrations', name);
    if (text === undefined) rmSync(path);
    else writeFileSync(path, text);
  }

  get env(): Record<string, string> {
    const { PATH = '', HOME = '/' } = process.env;
    return { PATH, HOME, LANG: 'C.UTF-8', GATEWAY_MIGRATE_CLIENTS: this.server.binDir };
  }

  /** Runs the program to its end, without a terminal. */
  run(...args: string[]): Promise<Finished> {
    return this.runWith({}, ...args);
  }

  runWith(env: Record<string, string>, ...args: string[]): Promise<Finished> {
    return finish(this.start(args, env));
  }

  start(
    args: readonly string[],
    env: Record<string, string> = {},
    node = process.execPath,
    cwd = this.dir,
  ): ChildProcess {
    return spawn(node, [this.#program, ...this.#withoutRehearsal(args)], {
      cwd,
      env: { ...this.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Runs it on a pseudo-terminal, wide enough that nothing wraps. */
  open(...args: string[]): Promise<Terminal> {
    const options = { env: this.env, cwd: this.dir, cols: 160, rows: 60 };
    return openTerminal(process.execPath, [this.#program, ...this.#withoutRehearsal(args)], options);
  }

  #withoutRehearsal(args: readonly string[]): readonly string[] {
    return args[0] === 'deploy' && !this.rehearses ? [...args, '--skip-rehearsal'] : args;
  }

  /** Grants the program's account what a restore needs to read and repeat the binary log, and `more`. */
  async grantLog(...more: readonly string[]): Promise<void> {
    const log = this.server.kind === 'mysql' ? LOG_RIGHTS.mysql : LOG_RIGHTS.mariadb;
    const accounts = ['localhost', '127.0.0.1'].map((host) => `'${USER}'@'${host}'`);
    const rights = [...log, ...more].join(', ');
    await this.server.sql(accounts.map((account) => `GRANT ${rights} ON *.* TO ${account}`).join(';'));
  }

  /** Takes every right from the account but these, on the database. */
  async leaveOnly(grants: string): Promise<void> {
    for (const host of ['localhost', '127.0.0.1']) {
      const account = `'${USER}'@'${host}'`;
      await this.server.sql(
        `REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${account}; GRANT ${grants} ON ${pattern(this.database)}.* TO ${account}`,
      );
    }
  }

  sql(text: string): Promise<void> {
    return this.server.sql(text, this.database);
  }

  async query<Row = Record<string, unknown>>(sql: string): Promise<Row[]> {
    const session = await (await connect(this.server.target(this.database))).open({ purpose: 'migration' });
    try {
      return (await session.query(sql)) as Row[];
    } finally {
      await session.close();
    }
  }

  /** Names of tables, views, routines and events, and of the databases beside this one. */
  async objects(): Promise<string[]> {
    const rows = await this.query<{ name: string }>(
      `SELECT CONCAT(LOWER(table_type), ' ', table_name) AS name FROM information_schema.tables WHERE table_schema = DATABASE()
       UNION ALL SELECT CONCAT('trigger ', trigger_name) FROM information_schema.triggers WHERE trigger_schema = DATABASE()
       UNION ALL SELECT CONCAT(LOWER(routine_type), ' ', routine_name) FROM information_schema.routines WHERE routine_schema = DATABASE()
       UNION ALL SELECT CONCAT('event ', event_name) FROM information_schema.events WHERE event_schema = DATABASE()`,
    );
    return rows.map((row) => row.name).sort();
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

let made = 0;

export async function createProduction(server: TestServer, options: ProductionOptions = {}): Promise<Production> {
  const database = options.database ?? `gateway-prod_${++made}`;
  const dir = mkdtempSync(join(tmpdir(), 'gateway-e2e-'));
  await createDatabase(server, database, options.grants ?? 'ALL');
  const production = new Production(server, database, dir);
  production.rehearses = options.rehearses ?? false;
  const { migrations = {}, parents = migrations === 'six' } = options;
  if (parents) await production.sql(PARENTS);
  if (migrations === 'six') cpSync(SIX, join(dir, 'migrations'), { recursive: true });
  else mkdirSync(join(dir, 'migrations'));
  if (migrations !== 'six') {
    for (const [name, text] of Object.entries(migrations)) production.migration(name, text);
  }
  writeFileSync(join(dir, 'password'), PASSWORD, { mode: 0o600 });
  const address = options.reachedBy === 'tcp' ? { host: '127.0.0.1', port: server.port } : { socket: server.socket };
  production.configure({
    database: { ...address, name: database, user: USER, passwordFile: 'password' },
    rehearsal: { database: `${database}_rehearsal` },
    // Most stories are about something else, and starting a private server takes seconds.
    backup: { dir: 'backups', minFree: '1MB', verify: 'checksum' },
    logs: 'logs',
  });
  return production;
}

async function createDatabase(server: TestServer, database: string, grants: string): Promise<void> {
  // TCP logins from 127.0.0.1 may show as localhost.
  const accounts = ['localhost', '127.0.0.1'].map((host) => `${quoteText(USER)}@'${host}'`);
  await server.sql(
    [
      `CREATE DATABASE ${quoteName(database)} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
      ...accounts.flatMap((account) => [
        `CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY ${quoteText(PASSWORD)}`,
        `GRANT ${grants} ON ${pattern(database)}.* TO ${account}`,
        `GRANT ALL ON ${pattern(`${database}_rehearsal`)}.* TO ${account}`,
        ...['before', 'restore'].map(
          (role) => `GRANT ALL ON ${pattern(`${database}_${role}_`).slice(0, -1)}%\`.* TO ${account}`,
        ),
        `GRANT PROCESS, RELOAD, ${server.kind === 'mysql' ? 'SET_ANY_DEFINER' : 'SET USER'} ON *.* TO ${account}`,
      ]),
    ].join(';\n'),
  );
}

/** A name as GRANT takes it: `_` stands for itself. */
function pattern(name: string): string {
  return quoteName(name.replaceAll('_', '\\_'));
}

function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

export function finish(child: ChildProcess): Promise<Finished> {
  const parts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      parts[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...parts }));
  });
}

/** Every line of standard output, as `--json` promises: an object with type, at and run. Throws when one is not. */
export function jsonLines({ stdout }: Finished): JsonObject[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const object = JSON.parse(line) as JsonObject;
      for (const key of ['type', 'at', 'run']) {
        if (typeof object[key] !== 'string') throw new Error(`no ${key} in ${line}`);
      }
      return object;
    });
}

/** The last object, which is `run.finished`. */
export function lastOf(finished: Finished): JsonObject {
  const last = jsonLines(finished).at(-1);
  if (last?.type !== 'run.finished') throw new Error(`no run.finished at the end of:\n${finished.stdout}`);
  return last;
}

/** Every file below a folder, hidden ones too. */
export function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
