import { expect, test } from 'vitest';
import type { Plan } from '../../src/plan/step.ts';
import { renderPlan } from '../../src/terminal/plan-view.ts';

const plan: Plan = {
  command: 'deploy',
  target: 'askproai_db on 127.0.0.1:3306',
  steps: [
    { id: 'maintenance-on', phase: 'maintenance', title: 'Maintenance on', input: { to: 'on' } },
    {
      id: 'migrate',
      phase: 'migrate',
      title: 'Apply 2 migrations',
      input: { versions: ['060201', '060203'], adopt: ['060100'] },
    },
  ],
  onFailure: [
    { id: 'undo', phase: 'undo', title: 'Undo', input: { ofRun: 'r1', versions: 'all' }, onlyAfter: 'migrate' },
    { id: 'maintenance-off', phase: 'maintenance', title: 'Maintenance off', input: { to: 'off' } },
  ],
};
const sql = new Map([
  ['060201', ['CREATE TABLE a (\n  id INT\n)', 'INSERT INTO a VALUES (1);']],
  ['060203', []],
]);

test('the plan, its SQL and the way back', () =>
  expect(renderPlan(plan, sql).join('\n')).toBe(`Plan of deploy · askproai_db on 127.0.0.1:3306

 1. Maintenance on
 2. Apply 2 migrations

    060201 2 statements

      CREATE TABLE a (
        id INT
      );

      INSERT INTO a VALUES (1);

    060203 0 statements

    060100 adopted: its tables are there already, and equal

If a step fails

 1. Undo (once "Apply 2 migrations" has begun)
 2. Maintenance off

Nothing was changed: this is what would be done.`));

test.each(['all', ['060201']] as const)('the SQL of an undo of %j', (versions) => {
  const steps = [{ id: 'undo', phase: 'undo', title: 'Undo', input: { ofRun: 'r1', versions } }] as const;
  const down = new Map([['060201', ['DROP TABLE a']]]);
  expect(renderPlan({ ...plan, steps, onFailure: [] }, down).slice(2, 7)).toEqual([
    ' 1. Undo',
    '',
    '    060201 1 statement',
    '',
    '      DROP TABLE a;',
  ]);
});

test('a plan without a way back', () =>
  expect(renderPlan({ ...plan, steps: [], onFailure: [] }, sql).join('\n')).not.toContain('fails'));
