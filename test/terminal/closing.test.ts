import { expect, test } from 'vitest';
import type { RunFinished } from '../../src/run/events.ts';
import { windowOf } from '../../src/terminal/closing.ts';

const ENDED: RunFinished = {
  ...{ type: 'run.finished', command: 'deploy', result: 'ok', exitCode: 0, production: 'changed', ms: 13_600 },
};

test.each<[string, Partial<RunFinished>, string | undefined]>([
  ['was never down', {}, undefined],
  ['was down, nobody knows for what', { maintenanceMs: 727 }, '727 ms'],
  [
    'was down for several steps',
    { maintenanceMs: 1_727, maintenanceParts: { 'maintenance-on': 129, migrate: 1_364, 'maintenance-off': 111 } },
    '1.7 s (maintenance-on 129 ms, migrate 1.4 s, maintenance-off 111 ms)',
  ],
])('a site that %s', (_, given, expected) => {
  expect(windowOf({ ...ENDED, ...given })).toBe(expected);
});
