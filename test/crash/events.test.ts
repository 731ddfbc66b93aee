import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { sampleOf } from './points.ts';
import { Stage, type StageOptions } from './stage.ts';
import { runAll } from './sweep.ts';

const IS_COMPLETE = process.env.CI === 'true';
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 100_000);
const SAMPLE = 3;
const WORKERS = 2;
const LIMIT_MS = 30 * 60_000;
const DEPLOY = ['deploy', '--yes', '--skip-rehearsal'];

const options: StageOptions = {
  start: `CREATE TABLE companies (id INT PRIMARY KEY, name VARCHAR(50));
    INSERT INTO companies VALUES (1, 'Praxis Nord');
    CREATE TABLE counters (n INT); INSERT INTO counters VALUES (1);`,
  migrations: {
    '20260101000001_plans.sql': `-- migrate:up
CREATE TABLE plans (id INT PRIMARY KEY);
UPDATE counters SET n = n + 1;
-- migrate:down
UPDATE counters SET n = n - 1;
DROP TABLE plans;
`,
  },
  configure: () => ({
    app: {
      dir: '.',
      maintenance: { enter: ['touch', 'down'], leave: ['rm', '-f', 'down'], check: ['test', '-e', 'down'] },
      workers: { pause: ['touch', 'paused'], resume: ['rm', '-f', 'paused'], idle: ['test', '-e', 'paused'] },
      caches: [['touch', 'cleared']],
    },
    backup: { dir: 'backups', verify: 'checksum' },
  }),
};

interface Ended {
  readonly before: string;
  readonly after: string;
  /** Their types, in their order. */
  readonly events: readonly string[];
}

async function deployOnce(server: TestServer): Promise<Ended> {
  const stage = await Stage.build(server, options);
  try {
    const before = await stage.dump();
    const { code, output } = await stage.run(...DEPLOY, '--json');
    if (code !== 0) throw new Error(`the deploy that nobody kills failed:\n${output}`);
    const lines = output.split('\n').filter((line) => line.startsWith('{'));
    const events = lines.map((line) => String(JSON.parse(line).type));
    return { before, after: await stage.dump(), events };
  } finally {
    await stage.clear();
  }
}

interface EventPoint {
  /** The line of `--json` that the program is killed at, 1-based. */
  readonly at: number;
  readonly way: 'resume' | 'rollback';
}

/** A run that was cut off is explained, ended by one command, and leaves the site up and nothing lying about. */
async function survive(server: TestServer, { at, way }: EventPoint, ended: Ended): Promise<void> {
  const stage = await Stage.build(server, options);
  try {
    await stage.strikeAtEvent(at, ...DEPLOY);
    const told = await stage.run('status');
    expect(told.code, told.output).toBe(0);
    const isUnfinished = /unfinished|cut off/i.test(told.output);
    const recovered = await stage.run(way, '--yes', ...(way === 'rollback' ? ['--discard-new-rows'] : []));
    expect(recovered.code, recovered.output).toBe(0);
    const { before, after } = ended;
    const wanted = way === 'resume' ? (isUnfinished ? [after] : [before, after]) : [before];
    expect(wanted, `the database after ${way}:\n${recovered.output}`).toContain(await stage.dump());
    expect(leftovers(stage.dir).join(', '), `left behind after ${way}`).toBe('');
  } catch (error) {
    throw new Error(`${server.kind}, killed at event ${at}, ${way}: ${(error as Error).message}`);
  } finally {
    await stage.clear();
  }
}

/** Checks only tell: nothing has happened between two of them. Of such a row the first and the last. */
function tellingPlaces(types: readonly string[]): number[] {
  return types.flatMap((type, index) => {
    const isWithin = [type, types[index - 1], types[index + 1]].every((one) => one === 'check');
    return isWithin ? [] : [index + 1];
  });
}

/** The site in maintenance, a part of a backup, an option file with a password. */
function leftovers(dir: string): string[] {
  const backups = existsSync(join(dir, 'backups')) ? readdirSync(join(dir, 'backups')) : [];
  return [
    ...(existsSync(join(dir, 'down')) ? ['the site is down'] : []),
    ...(existsSync(join(dir, 'paused')) ? ['the workers are paused'] : []),
    ...backups.filter((name) => !/\.sql\.gz$|\.manifest\.json$/.test(name)),
    ...readdirSync(dir).filter((name) => /gateway|option|\.cnf$/.test(name) && !name.endsWith('.config.json')),
  ];
}

describeOnServers('a whole deploy killed with -9 at an event', (server) => {
  let ended: Ended;
  beforeAll(async () => {
    ended = await deployOnce(server());
  });

  test('is explained, ended, and leaves nothing behind', { timeout: LIMIT_MS }, async ({ annotate }) => {
    const all = tellingPlaces(ended.events).flatMap((at) => [
      { at, way: 'resume' as const },
      { at, way: 'rollback' as const },
    ]);
    const points = IS_COMPLETE ? all : sampleOf(all, SAMPLE, SEED);
    const startedMs = Date.now();
    const errors = await runAll(points, WORKERS, (point) => survive(server(), point, ended));
    const seconds = Math.round((Date.now() - startedMs) / 1000);
    await annotate(
      `Crash points (${server().kind} ${server().version}, at events): ${points.length - errors.length} survived of ` +
        `${points.length} tried in ${seconds} s; again: ${IS_COMPLETE ? 'CI=true' : `CRASH_SEED=${SEED}`} npx vitest run test/crash`,
    );
    expect(errors).toEqual([]);
  });
});
