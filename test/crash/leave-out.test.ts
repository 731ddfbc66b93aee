import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { endOfLog } from '../binlog/support.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { sampleOf } from './points.ts';
import { Stage, type StageOptions } from './stage.ts';
import { firstDifference, requireKilled, runAll } from './sweep.ts';

const IS_COMPLETE = process.env.CI === 'true';
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 100_000);
const OTHERS = IS_COMPLETE ? 12 : 0;
/** Between the place of the accident and the accident nobody else may write: one after the other. */
const WORKERS = 1;

const START = `
CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(40));
CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, customer_id INT, FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE);
CREATE TRIGGER trimmed BEFORE INSERT ON customers FOR EACH ROW SET NEW.name = TRIM(NEW.name);
INSERT INTO customers VALUES (1, 'Ada'), (2, 'Bea');
INSERT INTO orders (customer_id) VALUES (1), (2), (2);
`;
const ACCIDENT = 'DELETE FROM customers WHERE id = 2';
const BUSINESS = `
INSERT INTO customers VALUES (3, 'Cem');
INSERT INTO orders (id, customer_id) VALUES (10, 3), (11, 1);
`;

const options: StageOptions = {
  start: START,
  migrations: {},
  configure: () => ({
    app: {
      dir: '.',
      maintenance: { enter: ['touch', 'down'], leave: ['rm', '-f', 'down'], check: ['test', '-e', 'down'] },
      caches: 'none',
    },
  }),
};

/** The two that exchange production; between them it has no tables. */
const TABLES_LEAVE = /^RENAME TABLE (?!.*_restore_)/;
const TABLES_COME = /^RENAME TABLE .*_restore_/;

interface Point {
  readonly at: number | RegExp;
  readonly fate: 'before' | 'after';
  readonly way: 'resume' | 'rollback';
}

/** A database that has met the accident, with the backup from before it; what it is, and what it is to be. */
async function setScene(server: TestServer) {
  const stage = await Stage.build(server, options);
  await must(stage, 'backup', 'create');
  const { file, position } = await endOfLog(server);
  await stage.sql(ACCIDENT);
  await stage.sql(BUSINESS);
  return { stage, before: await stage.dump(), place: `${file}:${position}` };
}

async function must(stage: Stage, ...args: string[]): Promise<void> {
  const { code, output } = await stage.run(...args);
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}:\n${output}`);
}

async function survive(server: TestServer, { at, fate, way }: Point, after: string): Promise<void> {
  const { stage, before, place } = await setScene(server);
  try {
    const struck = await stage.strike({ at, fate }, 'restore', '--leave-out', place, '--yes');
    if (at instanceof RegExp) requireKilled(struck, at);
    const { code, output } = await stage.run(way, '--yes');
    if (code !== 0) throw new Error(`${way} ended with ${code}:\n${output}`);
    // Killed before it had begun, or behind its end.
    if (way === 'resume' && output.includes('nothing to finish') && (await stage.dump()) !== after) {
      await must(stage, 'restore', '--leave-out', place, '--yes');
    }
    const [found, wanted] = [await stage.dump(), way === 'resume' ? after : before];
    if (found !== wanted) throw new Error(`the database differs:\n${firstDifference(found, wanted)}`);
    if (existsSync(join(stage.dir, 'down'))) throw new Error(`the site is down after ${way}`);
  } catch (error) {
    throw new Error(`${server.kind} ${JSON.stringify({ at: String(at), fate, way })}\n${(error as Error).message}`);
  } finally {
    await stage.clear();
  }
}

describeOnServers(
  'a restore that leaves an accident out, killed with -9',
  (server) => {
    test('ends without the accident, or as before it', { timeout: 10 * 60_000 }, async ({ annotate }) => {
      const { stage, place } = await setScene(server());
      const twin = await Stage.build(server(), options);
      try {
        await twin.sql(BUSINESS);
        const { code, output, commands } = await stage.strike(undefined, 'restore', '--leave-out', place, '--yes');
        expect(code, output).toBe(0);
        const after = await stage.dump();
        expect(comparable(after)).toBe(comparable(await twin.dump()));
        const points = choosePoints(commands);
        const errors = await runAll(points, WORKERS, (point) => survive(server(), point, after));
        await annotate(
          `Crash points (${server().kind} ${server().version}, a restore --leave-out of ${commands.length} commands): ` +
            `${points.length - errors.length} survived of ${points.length} tried; again: CRASH_SEED=${SEED}`,
        );
        expect(errors).toEqual([]);
      } finally {
        await stage.clear();
        await twin.clear();
      }
    });
  },
  { binlog: true },
);

/** MySQL names a column's character set from the moment on that its collation was given, as a dump does. */
function comparable(dump: string): string {
  return dump.replaceAll(' CHARACTER SET utf8mb4 COLLATE', ' COLLATE');
}

/** Within the repetition, the first and the last; between the RENAMEs, both ways; behind them; and others. */
function choosePoints(commands: readonly string[]): Point[] {
  const repeats = commands.flatMap((command, index) => (command.startsWith('BINLOG') ? [index + 1] : []));
  expect(commands.filter((command) => command.startsWith('RENAME')).length).toBe(2);
  const others = sampleOf(
    commands.map((_, index): Point => ({ at: index + 1, fate: index % 2 ? 'before' : 'after', way: 'resume' })),
    OTHERS,
    SEED,
  );
  return [
    { at: repeats[1] ?? 1, fate: 'after', way: 'resume' },
    { at: repeats.at(-1) ?? 1, fate: 'after', way: 'rollback' },
    { at: TABLES_LEAVE, fate: 'after', way: 'resume' },
    { at: TABLES_LEAVE, fate: 'after', way: 'rollback' },
    { at: TABLES_COME, fate: 'after', way: 'resume' },
    { at: TABLES_COME, fate: 'after', way: 'rollback' },
    ...others,
  ];
}
