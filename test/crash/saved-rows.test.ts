import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { sampleOf, statesOf } from './points.ts';
import { Stage, type StageOptions } from './stage.ts';
import { firstDifference, requireKilled, runAll } from './sweep.ts';

const IS_COMPLETE = process.env.CI === 'true';
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 100_000);
const SAMPLE = 4;
const WORKERS = 2;
const LIMIT_MS = 30 * 60_000;

const START = `
CREATE TABLE companies (id INT PRIMARY KEY, name VARCHAR(50));
INSERT INTO companies VALUES (1, 'one'), (2, 'two');
CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(50));
INSERT INTO customers VALUES (1, 'a'), (2, 'b'), (3, 'c');
CREATE TABLE audit (what VARCHAR(50));
CREATE TRIGGER customers_audited AFTER UPDATE ON customers FOR EACH ROW INSERT INTO audit VALUES ('customer');
`;
/** Each can be undone from every place: mirrored, or by exact inverses. */
const ORDERS = `-- migrate:up
CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, company_id INT NOT NULL, text VARCHAR(50),
  CONSTRAINT orders_company FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE);
INSERT INTO orders VALUES (1, 1, 'of the migration');
-- migrate:down
DELETE FROM orders;
DROP TABLE orders;
`;
const NOTES = `-- migrate:up
CREATE TABLE notes (text VARCHAR(50));
ALTER TABLE customers ADD COLUMN note VARCHAR(50) NULL;
CREATE TRIGGER orders_first BEFORE INSERT ON orders FOR EACH ROW SET NEW.text = UPPER(NEW.text);
CREATE TRIGGER orders_audited AFTER INSERT ON orders FOR EACH ROW INSERT INTO audit VALUES ('order');
-- migrate:down
DROP TRIGGER orders_audited;
DROP TRIGGER orders_first;
ALTER TABLE customers DROP COLUMN note;
DROP TABLE notes;
`;
/** Without a primary key only the transaction keeps a row of `notes` from coming twice. */
const ROWS = `
UPDATE orders SET text = 'changed since' WHERE id = 1;
INSERT INTO orders VALUES (2, 2, 'two'), (3, 1, 'three');
INSERT INTO notes VALUES ('same'), ('same'), (NULL);
UPDATE customers SET note = CONCAT('of ', name) WHERE id > 1;
DELETE FROM audit;
`;
/** The rows of company 2 have lost their parent when they come back. */
const SINCE = `
DELETE FROM companies WHERE id = 2;
DELETE FROM customers WHERE id = 3;
DELETE FROM audit;
`;
const DEPLOY = ['deploy', '--yes', '--skip-backup', '--skip-rehearsal'] as const;
const WITH_ROWS = [...DEPLOY, '--with-saved-rows'] as const;

const options: StageOptions = {
  start: START,
  migrations: { '1_orders.sql': ORDERS, '2_notes.sql': NOTES },
  configure: () => ({
    app: {
      dir: '.',
      maintenance: { enter: ['touch', 'down'], leave: ['rm', '-f', 'down'], check: ['test', '-e', 'down'] },
      caches: 'none',
    },
  }),
};

interface Point {
  readonly at: number;
  readonly fate: 'before' | 'after';
  readonly way: 'resume' | 'rollback';
}

interface Scene {
  readonly before: string;
  readonly after: string;
  readonly commands: readonly string[];
  readonly written: ReadonlySet<number>;
}

/** Deployed, written to, rolled back, and changed since: what is saved waits for the next deploy. */
async function setStage(server: TestServer): Promise<Stage> {
  const stage = await Stage.build(server, options);
  await succeed(stage, ...DEPLOY);
  await stage.sql(ROWS);
  await succeed(stage, 'rollback', '--yes');
  await stage.sql(SINCE);
  await stage.keep();
  await stage.reset();
  return stage;
}

async function succeed(stage: Stage, ...args: string[]): Promise<string> {
  const { code, output } = await stage.run(...args);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}:\n${output}`);
  return output;
}

async function setScene(server: TestServer): Promise<Scene> {
  const stage = await setStage(server);
  try {
    const before = await stage.dump();
    const { code, output, commands, written } = await stage.strike(undefined, ...WITH_ROWS);
    if (code !== 0) throw new Error(`the deploy that nobody kills failed:\n${output}`);
    const after = await stage.dump();
    for (const row of [
      '{"id":1,"company_id":1,"text":"changed since"}',
      '{"text":"same"}\n{"text":"same"}',
      '"of b"',
    ]) {
      expect(after).toContain(row);
    }
    expect(after).not.toContain('"what"');
    return { before, after, commands, written };
  } finally {
    await stage.clear();
  }
}

async function survive(stage: Stage, { at, fate, way }: Point, scene: Scene): Promise<void> {
  let last: string | undefined;
  try {
    const struck = await stage.strike({ at, fate }, ...WITH_ROWS);
    last = struck.commands.at(-1);
    requireKilled(struck, at);
    const output = await succeed(stage, way, '--yes');
    if (way === 'rollback') await requireSame(stage, scene.before, 'after the rollback');
    // Nothing is lost by going back: the next deploy brings the same rows.
    if (way === 'rollback' || output.includes('nothing to finish')) await succeed(stage, ...WITH_ROWS);
    await requireSame(stage, scene.after, 'at the end');
    if (existsSync(join(stage.dir, 'down'))) throw new Error(`the site is down after ${way}`);
    const beside = await stage.beside();
    if (beside.length > 0) throw new Error(`left beside: ${beside.join(', ')}`);
  } catch (error) {
    const where = `${JSON.stringify({ at, fate, way })}, killed at: ${last ?? 'nothing'}`;
    throw new Error(`${where}\n${(error as Error).message}`);
  } finally {
    await stage.reset();
  }
}

async function requireSame(stage: Stage, wanted: string, when: string): Promise<void> {
  const found = await stage.dump();
  if (found !== wanted) throw new Error(`the database differs ${when}:\n${firstDifference(found, wanted)}`);
}

describeOnServers('a deploy that loads saved rows, killed with -9 at a command', (server) => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await setScene(server());
  });

  test('ends with exactly the rows, or as before it', { timeout: LIMIT_MS }, async ({ annotate }) => {
    const points = choosePoints(scene);
    const startedMs = Date.now();
    const stages = await Promise.all(Array.from({ length: WORKERS }, () => setStage(server())));
    const errors = await runAll(points, WORKERS, async (point) => {
      const stage = stages.pop() ?? (await setStage(server()));
      await survive(stage, point, scene);
      stages.push(stage);
    });
    await Promise.all(stages.map((stage) => stage.clear()));
    const seconds = Math.round((Date.now() - startedMs) / 1000);
    await annotate(
      `Crash points (${server().kind} ${server().version}, deploy of ${scene.commands.length} commands with saved rows): ` +
        `${points.length - errors.length} survived of ${points.length} tried in ${seconds} s; ` +
        `again: ${IS_COMPLETE ? 'CI=true' : `CRASH_SEED=${SEED}`} npx vitest run test/crash`,
    );
    expect(errors).toEqual([]);
  });
});

/**
 * Of the commands from the first that is about the database beside to the last: with CI=true every state that a kill can
 * leave, with one way out of each, in turns (both beside a COMMIT, which decides); else a sample of them.
 */
function choosePoints({ commands, written }: Scene): Point[] {
  const isBeside = (command: string) => command.includes('_restore_');
  const first = commands.findIndex(isBeside) + 1;
  const last = commands.findLastIndex(isBeside) + 1;
  expect([first > 0, last > first]).toEqual([true, true]);
  const decides = ({ at }: Pick<Point, 'at'>) => commands[at - 1]?.startsWith('COMMIT');
  const all = statesOf(commands, written)
    .map((moments) => moments.filter(({ at }) => at >= first && at <= last))
    .flatMap((moments, index): Point[] => {
      const moment = index % 4 < 2 ? moments[0] : moments.at(-1);
      if (!moment) return [];
      const ways = index % 2 === 0 ? (['resume', 'rollback'] as const) : (['rollback', 'resume'] as const);
      return ways.slice(0, moments.some(decides) ? 2 : 1).map((way) => ({ ...moment, way }));
    });
  return IS_COMPLETE ? all : sampleOf(all, SAMPLE, SEED);
}
