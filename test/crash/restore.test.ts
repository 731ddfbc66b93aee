import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { sampleOf } from './points.ts';
import { START } from './scenario.ts';
import { Stage, type StageOptions } from './stage.ts';
import { firstDifference, requireKilled, runAll } from './sweep.ts';

const IS_COMPLETE = process.env.CI === 'true';
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 100_000);
const SAMPLE = 4;
const OTHERS = 20;
const WORKERS = 2;
const LIMIT_MS = 30 * 60_000;

/** A view of a view, a key whose parent is missing, triggers in order: what a RENAME does not carry. */
const MORE = `
CREATE VIEW names_twice AS SELECT id, name, 'äöü' AS umlauts FROM names;
CREATE TRIGGER logs_first BEFORE INSERT ON logs FOR EACH ROW PRECEDES logs_trimmed SET NEW.line = UPPER(NEW.line);
CREATE TABLE bookings (id INT PRIMARY KEY, customer_id INT NOT NULL,
  CONSTRAINT bookings_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE);
INSERT INTO bookings VALUES (1, 1), (2, 3);
CREATE FUNCTION three() RETURNS INT DETERMINISTIC RETURN 3;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 03:00:00' DO DELETE FROM logs;
`;
/** Foreign keys of what stays lead to what is gone. */
const ACCIDENT = `
SET foreign_key_checks = 0;
DROP TABLE companies, notes;
DROP TRIGGER logs_trimmed;
DROP FUNCTION three;
DELETE FROM counters;
UPDATE numbers SET n = 1;
CREATE TABLE made_since (id INT PRIMARY KEY, company_id INT, FOREIGN KEY (id) REFERENCES counters (id));
INSERT INTO made_since VALUES (3, 4);
CREATE VIEW new_view AS SELECT * FROM made_since;
DROP VIEW names_twice, names;
CREATE TRIGGER made_named BEFORE INSERT ON made_since FOR EACH ROW SET NEW.id = NEW.id + 1;
CREATE PROCEDURE new_procedure() SELECT 'ß';
SET foreign_key_checks = 1;
`;

/** Of single tables one is emptied whose parent and whose children stay, one is dropped, one has lost a trigger. */
const SMALL_ACCIDENT = `
SET foreign_key_checks = 0;
DELETE FROM customers;
DROP TABLE notes;
DROP TRIGGER logs_first;
INSERT INTO logs VALUES ('since');
SET foreign_key_checks = 1;
`;

interface Story {
  readonly title: string;
  readonly accident: string;
  /** What of the backup is restored. */
  readonly args: readonly string[];
}

const STORIES: readonly Story[] = [
  { title: 'a restore', accident: ACCIDENT, args: [] },
  {
    title: 'a restore of single tables in place',
    accident: SMALL_ACCIDENT,
    args: ['--table', 'customers', 'notes', 'logs', '--in-place'],
  },
];

const options: StageOptions = {
  start: START + MORE,
  migrations: {},
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
  readonly story: Story;
  readonly folder: string;
  readonly backup: string;
  readonly before: string;
  readonly after: string;
  readonly commands: readonly string[];
}

/** Takes the backup that every stage restores, and one restore that nobody kills. */
async function setScene(server: TestServer, story: Story): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-crash-backup-'));
  const stage = await Stage.build(server, options);
  try {
    const backedUp = await stage.run('backup', 'create');
    if (backedUp.code !== 0) throw new Error(backedUp.output);
    for (const name of readdirSync(join(stage.dir, 'backups'))) {
      renameSync(join(stage.dir, 'backups', name), join(folder, name));
    }
    const backup = join(folder, readdirSync(folder).find((name) => name.endsWith('.sql.gz')) ?? '');
    const intact = await stage.dump();
    await stage.sql(story.accident);
    const before = await stage.dump();
    const { code, output, commands } = await stage.strike(undefined, ...restoreOf(backup, story));
    if (code !== 0) throw new Error(`the restore that nobody kills failed:\n${output}`);
    const after = await stage.dump();
    expect(comparable(after), 'a restore brings back what was backed up').toBe(comparable(intact));
    return { story, folder, backup, before, after, commands };
  } finally {
    await stage.clear();
  }
}

/** MySQL names a column's character set from the moment on that its collation was given, as a dump does. */
function comparable(dump: string): string {
  return dump.replaceAll(' CHARACTER SET utf8mb4 COLLATE', ' COLLATE');
}

function restoreOf(backup: string, { args }: Story): string[] {
  return ['restore', '--backup', backup, '--yes', ...args];
}

async function survive(server: TestServer, { at, fate, way }: Point, scene: Scene): Promise<void> {
  const stage = await Stage.build(server, options);
  let last: string | undefined;
  try {
    await stage.sql(scene.story.accident);
    const struck = await stage.strike({ at, fate }, ...restoreOf(scene.backup, scene.story));
    last = struck.commands.at(-1);
    requireKilled(struck, at);
    const { code, output } = await stage.run(way, '--yes');
    if (code !== 0) throw new Error(`${way} ended with ${code}:\n${output}`);
    if (way === 'resume' && output.includes('nothing to finish')) {
      const again = await stage.run(...restoreOf(scene.backup, scene.story));
      if (again.code !== 0) throw new Error(`the restore after it ended with ${again.code}:\n${again.output}`);
    }
    const wanted = way === 'resume' ? scene.after : scene.before;
    const found = await stage.dump();
    if (found !== wanted) throw new Error(`the database differs:\n${firstDifference(found, wanted)}`);
    if (existsSync(join(stage.dir, 'down'))) throw new Error(`the site is down after ${way}`);
    await requireTidy(stage, way);
  } catch (error) {
    const where = `${scene.story.title}, ${server.kind} ${JSON.stringify({ at, fate, way })}, killed at: ${last ?? 'nothing'}`;
    throw new Error(`${where}\n${(error as Error).message}`);
  } finally {
    await stage.clear();
  }
}

/** What production was is kept after a restore; what was loaded beside it only when the site had been up with it. */
async function requireTidy(stage: Stage, way: Point['way']): Promise<void> {
  const beside = (await stage.beside()).map((name) => name.split('_')[0]);
  const allowed = way === 'resume' ? 'before' : 'restore';
  const odd = beside.filter((name) => name !== allowed);
  if (odd.length > 0) throw new Error(`left beside after ${way}: ${odd.join(', ')}`);
  if (way === 'resume' && beside.length === 0) throw new Error('what production was is not kept');
}

describeOnServers('killed with -9 at a command', (server) => {
  const folders: string[] = [];
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  for (const story of STORIES) {
    test(`${story.title} ends as the backup is, or as before it`, { timeout: LIMIT_MS }, async ({ annotate }) => {
      const scene = await setScene(server(), story);
      folders.push(scene.folder);
      const points = choosePoints(scene.commands);
      const startedMs = Date.now();
      const errors = await runAll(points, WORKERS, (point) => survive(server(), point, scene));
      const seconds = Math.round((Date.now() - startedMs) / 1000);
      await annotate(
        `Crash points (${server().kind} ${server().version}, ${story.title} of ${scene.commands.length} commands): ` +
          `${points.length - errors.length} survived of ${points.length} tried in ${seconds} s; ` +
          `again: ${IS_COMPLETE ? 'CI=true' : `CRASH_SEED=${SEED}`} npx vitest run test/crash`,
      );
      expect(errors).toEqual([]);
    });
  }
});

/** What exchanges databases: where a restore can be half done. */
const EXCHANGES = /^(?:RENAME|CREATE DATABASE|DROP (?:DATABASE|TRIGGER|VIEW)|ALTER (?:DATABASE|TABLE .* FOREIGN KEY))/;

/**
 * A restore sends some hundred commands, most of which load or read: all points would take an hour. With CI=true every
 * command that exchanges something, from both sides, and a sample of the others; else a sample of all.
 */
function choosePoints(commands: readonly string[]): Point[] {
  const all = commands.flatMap((command, index) => pointsAt(index + 1, command));
  if (!IS_COMPLETE) return sampleOf(all, SAMPLE, SEED);
  const isExchange = ({ at }: Point) => EXCHANGES.test(commands[at - 1] ?? '');
  const others = all.filter((point) => !isExchange(point));
  return [...all.filter(isExchange), ...sampleOf(others, OTHERS, SEED)];
}

/** One way out of either side of a command, in turns; both ways out of the RENAME, which decides. */
function pointsAt(at: number, command: string): Point[] {
  const ways = at % 2 === 0 ? (['resume', 'rollback'] as const) : (['rollback', 'resume'] as const);
  const each = [
    { at, fate: 'before', way: ways[0] },
    { at, fate: 'after', way: ways[1] },
  ] as const;
  if (!command.startsWith('RENAME')) return [...each];
  return [...each, { at, fate: 'before', way: ways[1] }, { at, fate: 'after', way: ways[0] }];
}
