import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext, vi } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { createProduction, type Finished, finish, lastOf, type Production } from '../e2e/production.ts';
import type { TestServer } from '../support/servers.ts';

/** `CI=true` asks for every case; else a sample. */
export const IS_THOROUGH = process.env.CI === 'true';

/** A sample tries each fault on one of the servers, in turn. Call it before anything is made for the test. */
export function takeTurns({ task, skip }: TestContext, { kind }: TestServer): void {
  const place = task.suite?.tasks.indexOf(task) ?? 0;
  const isTurn = (place % 2 === 0) === (kind === 'mysql');
  skip(!IS_THOROUGH && !isTurn, 'in a sample each fault meets one of the servers: with CI=true both');
}

// Faults take as long to be noticed as production takes them: on a busy machine longer than other tests may last.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

/** Statements that can be caught at work: SLEEP is in a trigger, so that they are ordinary DML, and in a SELECT of a DDL. */
export const FILES = {
  '20260101000000_first.sql': `-- migrate:up
CREATE TABLE labels (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL);
INSERT INTO labels VALUES (1, 'one'), (2, 'two');
UPDATE counters SET n = n + 1;
-- migrate:down
UPDATE counters SET n = n - 1;
DELETE FROM labels;
DROP TABLE labels;
`,
  '20260102000000_second.sql': `-- migrate:up
ALTER TABLE items ADD COLUMN label_id INT NULL, ALGORITHM=COPY;
UPDATE slow SET n = n + 1 WHERE id = 1;
CREATE TABLE notes (id INT PRIMARY KEY);
-- migrate:down
DROP TABLE notes;
UPDATE slow SET n = n - 1 WHERE id = 1;
ALTER TABLE items DROP COLUMN label_id;
`,
} as const;

/** Seconds that one changed row of `slow` takes. */
const SLOW_SECONDS = 2;

/** A production whose site is up as long as there is no file `down`. */
export class Shop {
  readonly production: Production;

  constructor(production: Production) {
    this.production = production;
  }

  get isUp(): boolean {
    return !existsSync(join(this.production.dir, 'app/down'));
  }

  start(...args: string[]): Running {
    const child = this.production.start([...args, '--yes', '--json']);
    return { child, end: finish(child) };
  }

  run(...args: string[]): Promise<Finished> {
    return this.start(...args).end;
  }

  /** Every object's definition and every row, without the tool's own two tables. */
  async state(): Promise<Record<string, unknown>> {
    const { production } = this;
    const names = (await production.objects()).filter((name) => !/ gateway_migrate_/.test(name));
    const state: Record<string, unknown> = { names };
    for (const name of names.filter((one) => one.startsWith('base table '))) {
      const table = name.slice('base table '.length);
      const [created] = await production.query<Record<string, string>>(`SHOW CREATE TABLE \`${table}\``);
      state[`create ${table}`] = created?.['Create Table']?.replace(/ AUTO_INCREMENT=\d+/, '');
      const rows = await production.query<Record<string, unknown>>(`SELECT * FROM \`${table}\` ORDER BY 1`);
      state[`rows ${table}`] = rows.length > 1_000 ? hashOf(rows) : rows;
    }
    return state;
  }

  /** Resolves with its thread when such a statement of the run is at work: `LIKE` patterns of its text and its state. */
  async whileRunning(running: Pick<Running, 'end'>, statement: string, state = '%'): Promise<number> {
    let ended: Finished | undefined;
    void running.end.then((finished) => {
      ended = finished;
    });
    const { server, database } = this.production;
    const session = await (await connect(server.target(database))).open();
    try {
      for (;;) {
        if (ended) throw new Error(`${statement} never ran: ${ended.code}\n${ended.stdout}${ended.stderr}`);
        const [thread] = await session.query<{ id: number }>(
          `SELECT ID AS id FROM information_schema.PROCESSLIST
           WHERE DB = DATABASE() AND INFO LIKE '${statement}' AND STATE LIKE '${state}' AND ID <> CONNECTION_ID()`,
        );
        if (thread) return Number(thread.id);
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    } finally {
      await session.close();
    }
  }

  /** Nothing half done lies about: no unfinished backup, no file under a temporary name. */
  leftovers(): string[] {
    return readdirSync(this.production.dir, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(partial|tmp)$/.test(name),
    );
  }
}

export interface Running {
  readonly child: ChildProcess;
  readonly end: Promise<Finished>;
}

function hashOf(rows: readonly unknown[]): string {
  return `${rows.length}: ${JSON.stringify(rows).length} ${spawnSync('sha256sum', { input: JSON.stringify(rows) }).stdout}`;
}

export interface ShopOptions {
  readonly files?: Readonly<Record<string, string>>;
  /** Rows of `items`; a COPY of 60,000 takes about a second. */
  readonly items?: number;
  /** A port that leads to the server. Default: its socket. */
  readonly port?: number;
  readonly config?: Record<string, unknown>;
}

export async function createShop(server: TestServer, options: ShopOptions = {}): Promise<Shop> {
  const production = await createProduction(server, { migrations: options.files ?? FILES });
  const address = options.port === undefined ? { socket: server.socket } : { host: '127.0.0.1', port: options.port };
  mkdirSync(join(production.dir, 'app'));
  production.configure({
    database: { ...address, name: production.database, user: 'app user', passwordFile: 'password' },
    app: { dir: 'app', maintenance: { enter: ['touch', 'down'], leave: ['rm', '-f', 'down'] }, caches: 'none' },
    migrations: { laravelTable: null },
    ...options.config,
  });
  await production.sql(
    `CREATE TABLE counters (id INT PRIMARY KEY, n BIGINT NOT NULL);
     INSERT INTO counters VALUES (1, 0), (2, 10), (3, 20), (4, 30);
     CREATE TABLE slow (id INT PRIMARY KEY, n INT NOT NULL);
     INSERT INTO slow VALUES (1, 0);
     CREATE TRIGGER takes_a_while BEFORE UPDATE ON slow FOR EACH ROW SET NEW.n = NEW.n + SLEEP(${SLOW_SECONDS});
     CREATE TABLE items (id INT PRIMARY KEY AUTO_INCREMENT, filler VARCHAR(200) NOT NULL);
     INSERT INTO items (filler) VALUES (REPEAT('x', 150))`,
  );
  for (let rows = 1; rows < (options.items ?? 1); rows *= 2) {
    await production.sql('INSERT INTO items (filler) SELECT filler FROM items');
  }
  return new Shop(production);
}

/** The three things that every error says, and that nothing failed before the point. */
export function expectEnd(finished: Finished, exitCode: number, production: string): void {
  const last = finished.stdout.includes('run.finished') ? lastOf(finished) : undefined;
  expect({ code: finished.code, production: last?.production }, finished.stdout + finished.stderr).toEqual({
    code: exitCode,
    production,
  });
}
