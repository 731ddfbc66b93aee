import { beforeAll, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { allPoints, sampleOf } from './points.ts';
import { START } from './scenario.ts';
import { deployOnce, type Expected, runAll, survive } from './sweep.ts';

const IS_COMPLETE = process.env.CI === 'true';
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 100_000);
const SAMPLE = 8;
const WORKERS = 2;
const LIMIT_MS = 30 * 60_000;

/** Twelve tables, which three connections make side by side, with something before and behind them. */
const options = {
  start: START,
  migrations: {
    '20260101000001_before.sql':
      '-- migrate:up\nALTER TABLE logs ADD COLUMN n INT NULL;\nUPDATE counters SET n = n + 1 WHERE id = 1;\n' +
      '-- migrate:down\nUPDATE counters SET n = n - 1 WHERE id = 1;\nALTER TABLE logs DROP COLUMN n;\n',
    ...Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [
        `202601010001${String(index).padStart(2, '0')}_made.sql`,
        `-- migrate:up\nCREATE TABLE made_${index} (id INT PRIMARY KEY, name VARCHAR(20), KEY made_${index}_name (name));\n`,
      ]),
    ),
    '20260101000900_behind.sql':
      '-- migrate:up\nCREATE TABLE child (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES made_3 (id));\n' +
      '-- migrate:down\nDROP TABLE child;\n',
  },
};

describeOnServers('a deploy that makes tables side by side, killed with -9 at a command', (server) => {
  let expected: Expected;
  beforeAll(async () => {
    expected = await deployOnce(server(), options);
  });

  test('ends as if nobody had killed it, or as before it', { timeout: LIMIT_MS }, async ({ annotate }) => {
    const isMaking = (command: string) => command.includes('made_');
    const [first, last] = [expected.commands.findIndex(isMaking), expected.commands.findLastIndex(isMaking)];
    expect(expected.commands.filter((command) => command.startsWith('CREATE TABLE made_')).length).toBe(12);
    const all = allPoints(expected.commands, expected.written, 'several').filter(
      ({ at }) => at > first - 4 && at <= last + 4,
    );
    const points = IS_COMPLETE ? all : sampleOf(all, SAMPLE, SEED);
    const startedMs = Date.now();
    const errors = await runAll(points, WORKERS, (point) => survive(server(), options, point, expected));
    const seconds = Math.round((Date.now() - startedMs) / 1000);
    await annotate(
      `Crash points (${server().kind} ${server().version}, tables made side by side): ${points.length - errors.length} ` +
        `survived of ${points.length} tried in ${seconds} s; again: ${IS_COMPLETE ? 'CI=true' : `CRASH_SEED=${SEED}`} npx vitest run test/crash`,
    );
    expect(errors).toEqual([]);
  });
});
