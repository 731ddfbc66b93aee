import { beforeAll, expect, test } from 'vitest';
import { copySince, endOfLog, transactionsOf } from '../binlog/support.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { sampleOf } from './points.ts';
import { Stage, type StageOptions } from './stage.ts';
import { firstDifference, requireKilled, runAll } from './sweep.ts';

const IS_COMPLETE = process.env.CI === 'true';
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 100_000);
const OTHERS = 20;
const SAMPLE = 1;
const WORKERS = 2;
const LIMIT_MS = 30 * 60_000;

const START = `
CREATE TABLE companies (id INT PRIMARY KEY, name VARCHAR(50));
CREATE TABLE customers (id INT PRIMARY KEY, company_id INT, FOREIGN KEY (company_id) REFERENCES companies (id));
CREATE TABLE orders (id INT PRIMARY KEY, customer_id INT, FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE);
CREATE TABLE notes (text VARCHAR(50));
CREATE TABLE audit (what VARCHAR(50));
CREATE TRIGGER customers_audited AFTER INSERT ON customers FOR EACH ROW INSERT INTO audit VALUES ('customer');
INSERT INTO companies VALUES (1, 'one'), (2, 'two');
INSERT INTO customers VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO orders VALUES (1, 1), (2, 3);
INSERT INTO notes VALUES ('same'), ('same'), (NULL);
`;
/** Without a primary key only the transaction keeps a row of `notes` from coming twice. */
const ACCIDENT =
  "BEGIN; DELETE FROM customers; UPDATE companies SET name = 'lost'; DELETE FROM notes WHERE text = 'same'; INSERT INTO notes VALUES ('new'); COMMIT";

const options: StageOptions = { start: START, migrations: {} };

/** Killed behind it, the database beside has nothing that says whose it is. */
const MADE_BESIDE = /^CREATE DATABASE/;

interface Point {
  readonly at: number | RegExp;
  readonly fate: 'before' | 'after';
}

async function setStage(server: TestServer) {
  const stage = await Stage.build(server, options);
  const intact = await stage.dump();
  // MariaDB does not log the orders that went: they come from a copy of the moment before.
  if (server.kind === 'mariadb') {
    const made = await stage.run('backup', 'create');
    if (made.code !== 0) throw new Error(`the backup failed:\n${made.output}`);
  }
  const from = await endOfLog(server);
  await stage.sql(ACCIDENT);
  const all = await transactionsOf(await copySince(server, from));
  const own = all.find(({ changes }) => changes.some(({ database }) => database === stage.database));
  if (!own) throw new Error('the log does not have the accident');
  return { stage, intact, args: ['restore', '--flashback', `${own.file}:${own.start}`, '--yes'] };
}

async function survive(server: TestServer, point: Point): Promise<void> {
  const { stage, intact, args } = await setStage(server);
  let last: string | undefined;
  try {
    const struck = await stage.strike(point, ...args);
    last = struck.commands.at(-1);
    requireKilled(struck, point.at);
    // It is done or never was: there is no other way to offer.
    const { output: offered } = await stage.run('status');
    if (offered.includes('gateway-migrate rollback')) throw new Error(`status offers what is refused:\n${offered}`);
    const resumed = await stage.run('resume', '--yes');
    if (resumed.code !== 0) throw new Error(`resume ended with ${resumed.code}:\n${resumed.output}`);
    // Killed before it had begun there is nothing to finish: whoever wants it gives the command again.
    const isBegun = !resumed.output.includes('nothing to finish') || (await stage.dump()) === intact;
    if (!isBegun) {
      const again = await stage.run(...args);
      if (again.code !== 0) throw new Error(`once more it ended with ${again.code}:\n${again.output}`);
    }
    const found = await stage.dump();
    if (found !== intact) throw new Error(`the database differs:\n${firstDifference(found, intact)}`);
    const beside = await stage.beside();
    if (beside.length > 0) throw new Error(`left beside: ${beside.join(', ')}`);
  } catch (error) {
    throw new Error(
      `${server.kind} ${JSON.stringify({ ...point, at: String(point.at) })}, killed at: ${last ?? 'nothing'}\n${(error as Error).message}`,
    );
  } finally {
    await stage.clear();
  }
}

describeOnServers(
  'rows undone, killed',
  (server) => {
    let commands: readonly string[];
    beforeAll(async () => {
      const { stage, intact, args } = await setStage(server());
      try {
        const ended = await stage.strike(undefined, ...args);
        if (ended.code !== 0) throw new Error(`the undo that nobody kills failed:\n${ended.output}`);
        expect(await stage.dump()).toBe(intact);
        commands = ended.commands;
      } finally {
        await stage.clear();
      }
    });

    test('before and behind the commit, and anywhere else, it is done once and whole', {
      timeout: LIMIT_MS,
    }, async () => {
      const commit = commands.findLastIndex((text) => text.includes('COMMIT')) + 1;
      expect(commit).toBeGreaterThan(0);
      const all = commands.flatMap((_, at): Point[] => [
        { at: at + 1, fate: 'before' },
        { at: at + 1, fate: 'after' },
      ]);
      const copy = commands.findIndex((text) => text.includes('gateway_migrate_copy_')) + 1;
      expect(copy > 0).toBe(server().kind === 'mariadb');
      const certain: Point[] = [
        ...(copy > 0 ? [{ at: copy, fate: 'after' } as const] : []),
        { at: MADE_BESIDE, fate: 'after' },
        { at: commit, fate: 'before' },
        { at: commit, fate: 'after' },
      ];
      const points = [...certain, ...sampleOf(all, IS_COMPLETE ? OTHERS : SAMPLE, SEED)];
      const errors = await runAll(points, WORKERS, (point) => survive(server(), point));
      expect(errors, `CRASH_SEED=${SEED}`).toEqual([]);
    });
  },
  { binlog: true },
);
