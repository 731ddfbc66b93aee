import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { checkUnbuilt } from '../../src/preflight/unbuilt.ts';

const monitor = { forMs: 1, everyMs: 1, logs: [] } as unknown as Config['monitor'];

test('what is configured and not built yet is told, and stops nothing', () => {
  expect(checkUnbuilt({ notify: [], monitor })).toEqual([]);
  const notify = [{ type: 'command', run: ['./notify.sh'] }] as unknown as Config['notify'];
  const logs = [{ path: 'laravel.log' }] as unknown as Config['monitor']['logs'];
  const checks = checkUnbuilt({ notify, monitor: { ...monitor, logs } });
  expect(checks.map(({ ok, level, name, detail }) => [ok, level, name, detail])).toEqual([
    [false, 'warning', 'notify', 'nobody is told: this version sends no messages yet'],
    [false, 'warning', 'monitor.logs', 'nobody follows them: this version has no monitor yet'],
  ]);
});
