import { expect, test } from 'vitest';
import { type MigrationStatus, renderStatus } from '../../src/terminal/status-view.ts';

const EMPTY: MigrationStatus = { applied: [], pending: [], changed: [], missing: [] };
const POLICIES = { version: '2025_10_01_060201', name: 'create_policy_configurations_table' };
const CALLBACKS = { version: '2025_10_01_060203', name: 'create_callback_requests_table' };

function shown(status: Partial<MigrationStatus>): string {
  return renderStatus({ ...EMPTY, ...status }).join('\n');
}

test('a database without migrations', () => expect(shown({})).toBe('Applied: none\n\nPending: none'));

test('what is applied and what is pending', () =>
  expect(
    shown({
      applied: [
        { ...POLICIES, at: '2026-11-23T09:30:00.123+01:00', ms: 12 },
        { ...CALLBACKS, at: '2026-11-23T08:30:01Z', ms: 1_234 },
      ],
      pending: [{ version: '2025_10_01_060304', name: 'create_appointment_modifications_table', statements: 1 }],
    }),
  ).toBe(`Applied: 2
  ✔  2025_10_01_060201  create_policy_configurations_table  2026-11-23 09:30:00 +01:00  12 ms
  ✔  2025_10_01_060203  create_callback_requests_table      2026-11-23 08:30:01 UTC     1.2 s

Pending: 1
  •  2025_10_01_060304  create_appointment_modifications_table  1 statement`));

test('what was changed and what is missing', () =>
  expect(shown({ changed: [POLICIES], missing: [CALLBACKS] })).toBe(`Applied: none

Pending: none

Changed since they were applied: 1
  ▲  2025_10_01_060201  create_policy_configurations_table

Applied, but the file is missing: 1
  ▲  2025_10_01_060203  create_callback_requests_table`));

test('an unfinished run, and both ways out of it', () =>
  expect(
    shown({
      unfinished: {
        run: '20261123T083000-1',
        command: 'deploy',
        startedAt: '2026-11-23T09:30:00.000+01:00',
        lastStatement: 'callback_requests · 2 of 3 · CREATE TABLE',
        outcome: 'unknown',
        isSiteDown: true,
        hasPausedWorkers: true,
        canBeUndone: true,
      },
    }),
  ).toBe(`Applied: none

Pending: none

✖ The deploy 20261123T083000-1 of 2026-11-23 09:30:00 +01:00 was cut off
  The last statement begun was callback_requests · 2 of 3 · CREATE TABLE:
  whether it took effect is not known yet.
  It has left the site in maintenance: what ends the run brings the site up.
  It has paused the workers: what ends the run lets them go on.

  To finish it, type:

  gateway-migrate resume

  To undo what it did, type:

  gateway-migrate rollback`));

const UNBEGUN = {
  run: 'r1',
  startedAt: 'today',
  lastStatement: undefined,
  outcome: 'not done',
  isSiteDown: false,
  hasPausedWorkers: false,
  canBeUndone: true,
} as const;

test.each([
  ['deploy', true],
  ['restore', true],
  ['restore', false],
  ['rollback', false],
] as const)('an unfinished %s, and whether it can be undone: %s', (command, canBeUndone) => {
  const text = shown({ unfinished: { ...UNBEGUN, command, canBeUndone } });
  expect(text).toContain('To finish it, type:\n\n  gateway-migrate resume');
  expect(text.includes('To undo what it did, type:\n\n  gateway-migrate rollback')).toBe(canBeUndone);
});

test('an unfinished run that had not begun a statement', () =>
  expect(
    shown({
      unfinished: { ...UNBEGUN, command: 'deploy' },
    }),
  ).toContain('✖ The deploy r1 of today was cut off\n  No statement of it was begun.\n'));
