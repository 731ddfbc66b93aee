import { expect, test } from 'vitest';
import { ExitCode, Failure, failedUnchanged, Interrupted } from '../../src/errors.ts';
import { planDeploy } from '../../src/plan/deploy.ts';
import { planRollback } from '../../src/plan/rollback.ts';
import { judge } from '../../src/run/judge.ts';

const site = { withMaintenance: true, withCaches: true, healthyStatus: 200 };
const deploy = planDeploy({ run: 'r', target: 't', versions: ['1'], adopt: [], backupFile: '/b', ...site });
const rollback = planRollback({
  target: 't',
  ofRun: 'r',
  versions: 'all',
  savedFile: undefined,
  tablesToSave: [],
  wasDown: false,
  ...site,
});
const error = new Error('it broke');
const changed = new Failure('no certain way back', {
  exitCode: ExitCode.failedChanged,
  production: 'changed',
  state: 'still in place',
  next: 'gateway-migrate restore',
});
const unknown = new Failure('cannot tell', {
  exitCode: ExitCode.unknown,
  production: 'unknown',
  state: 'nobody knows',
  next: 'gateway-migrate resume',
});

test('done: production is changed, and the run is over', () => {
  expect(judge(deploy, { is: 'done' })).toEqual({ exitCode: 0, production: 'changed', isFinished: true });
});

test('turned back: unchanged, exit 2; interrupted it is 130', () => {
  const back = judge(deploy, { is: 'turned-back', error, failedStep: 'migrate' });
  expect(back).toMatchObject({ exitCode: 2, production: 'unchanged', isFinished: true });
  expect(back.error?.what).toBe('Apply 1 migration: it broke');
  const interrupted = judge(deploy, { is: 'turned-back', error: new Interrupted('SIGINT'), failedStep: 'migrate' });
  expect(interrupted).toMatchObject({ exitCode: 130, production: 'unchanged', isFinished: true });
});

test('an error before the database was touched leaves it unchanged, and nothing to finish', () => {
  const full = judge(deploy, { is: 'stopped', error: failedUnchanged('disk full', 'make room'), failedStep: 'backup' });
  expect(full).toMatchObject({ exitCode: 2, production: 'unchanged', isFinished: true, error: { next: 'make room' } });
});

test.each([
  ['migrate', error, 3, 'changed'],
  ['migrate', unknown, 4, 'unknown'],
  ['migrate', new Interrupted('SIGTERM'), 130, 'changed'],
  ['maintenance-off', error, 3, 'changed'],
  ['health', error, 3, 'changed'],
] as const)('stopped at %s by %s: exit %i, %s, to be finished', (failedStep, cause, exitCode, production) => {
  const judgement = judge(deploy, { is: 'stopped', error: cause, failedStep });
  expect(judgement).toMatchObject({ exitCode, production, isFinished: false });
  expect(judgement.error?.next).toContain('gateway-migrate');
});

test('a way back that failed in the database stays unfinished, and its own verdict counts', () => {
  const stranded = { is: 'stranded', error, failedStep: 'migrate', secondStep: 'undo' } as const;
  expect(judge(deploy, { ...stranded, second: error })).toMatchObject({
    exitCode: 4,
    production: 'unknown',
    isFinished: false,
  });
  const known = judge(deploy, { ...stranded, second: changed });
  expect(known).toMatchObject({ exitCode: 3, production: 'changed', isFinished: false });
  expect(known.error?.next).toBe('gateway-migrate restore');
});

test('a site that does not come up on the way back is told apart from the database', () => {
  const judgement = judge(deploy, {
    is: 'stranded',
    error,
    failedStep: 'migrate',
    second: error,
    secondStep: 'maintenance-off-back',
  });
  expect(judgement).toMatchObject({ exitCode: 3, production: 'unchanged', isFinished: false });
});

test('a rollback that fails half way is to be finished', () => {
  const judgement = judge(rollback, { is: 'stopped', error, failedStep: 'undo' });
  expect(judgement).toMatchObject({ exitCode: 3, production: 'changed', isFinished: false });
});
