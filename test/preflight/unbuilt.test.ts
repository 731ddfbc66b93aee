import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { checkUnbuilt } from '../../src/preflight/unbuilt.ts';

const monitor = { forMs: 1, everyMs: 1, logs: [] } as unknown as Config['monitor'];

test('what is configured and not built yet is told, and stops nothing', () => {
  expect(checkUnbuilt({ monitor })).toEqual([]);
  const logs = [{ path: 'laravel.log' }] as unknown as Config['monitor']['logs'];
  const checks = checkUnbuilt({ monitor: { ...monitor, logs } });
  expect(checks.map(({ ok, level, name, detail }) => [ok, level, name, detail])).toEqual([
    [false, 'warning', 'monitor.logs', 'nobody follows them: this version has no monitor yet'],
  ]);
});
