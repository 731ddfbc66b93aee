import { beforeAll, expect, type TestContext, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { allPoints, doublePoints, pointOfLastUndoing, pointsOfUnheard, sampleOf } from './points.ts';
import { MIGRATIONS, START } from './scenario.ts';
import { deployOnce, type Expected, type Point, runAll, survive } from './sweep.ts';

/** With CI=true every point; else a sample, the same for the same CRASH_SEED, which is printed. */
const IS_COMPLETE = process.env.CI === 'true';
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 100_000);
const SAMPLE = 24;
const DOUBLES = IS_COMPLETE ? 40 : 4;
const WORKERS = 2;
const LIMIT_MS = 60 * 60_000;

const options = { start: START, migrations: MIGRATIONS };

describeOnServers('a deploy killed with -9 at a command', (server) => {
  let expected: Expected;
  beforeAll(async () => {
    expected = await deployOnce(server(), options);
  });

  async function surviveAll(kind: string, points: readonly Point[], { annotate }: TestContext): Promise<void> {
    const startedMs = Date.now();
    const errors = await runAll(points, WORKERS, (point) => survive(server(), options, point, expected));
    const seconds = Math.round((Date.now() - startedMs) / 1000);
    const repeat = `${IS_COMPLETE ? 'CI=true ' : ''}CRASH_SEED=${SEED}`;
    await annotate(
      `Crash points (${server().kind} ${server().version}, ${kind}): ${points.length - errors.length} survived of ` +
        `${points.length} tried in ${seconds} s; again: ${repeat} npx vitest run test/crash`,
    );
    expect(errors).toEqual([]);
  }

  test('ends as if nobody had killed it, or as before it', { timeout: LIMIT_MS }, async (context) => {
    const all = allPoints(expected.commands, expected.written);
    await surviveAll('killed once', IS_COMPLETE ? all : sampleOf(all, SAMPLE, SEED), context);
  });

  test('does so when the recovery is killed as well', { timeout: LIMIT_MS }, async (context) => {
    const points = doublePoints(expected.commands.length, DOUBLES, SEED);
    await surviveAll('killed twice', [pointOfLastUndoing(expected.commands), ...points], context);
  });

  test('takes nothing that a killed way back did for the work of the deploy', {
    timeout: LIMIT_MS,
  }, async (context) => {
    const all = pointsOfUnheard(expected.commands);
    await surviveAll('the way back too', IS_COMPLETE ? all : sampleOf(all, DOUBLES, SEED), context);
  });
});
