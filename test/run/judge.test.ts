import { expect, test } from 'vitest';
import { ExitCode, Failure, failedUnchanged, Interrupted } from '../../src/errors.ts';
import type { Statement } from '../../src/migrations/types.ts';
import { planDeploy } from '../../src/plan/deploy.ts';
import { planRollback } from '../../src/plan/rollback.ts';
import { LockLost } from '../../src/run/heartbeat.ts';
import { type Judgement, judge } from '../../src/run/judge.ts';
import { StatementFailed } from '../../src/statements/outcome/failed.ts';
import { NotAllBack } from '../../src/statements/recovery/lost.ts';
import type { Section } from '../../src/statements/turn.ts';

const site = { withMaintenance: true, withCaches: true, healthyStatus: 200 };
const deploy = planDeploy({
  run: 'r',
  target: 't',
  versions: ['1'],
  adopt: [],
  backupFile: '/b',
  provesBackup: false,
  savedRows: [],
  isSiteDown: false,
  ...site,
});
const rollback = planRollback({
  target: 't',
  ofRun: 'r',
  versions: 'all',
  savedFile: undefined,
  tablesToSave: [],
  versionsToSave: [],
  begunRows: [],
  provesBackup: false,
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

/** All that the user is told of it. */
function tell(judgement: Judgement): string {
  const { exitCode, production, isFinished, error: told } = judgement;
  const end = `exit ${exitCode}, ${production}, ${isFinished ? 'over' : 'to be finished'}`;
  return told ? [end, told.what, told.state, told.next].join('\n') : end;
}

test('done: production is changed, and the run is over', () => {
  expect(judge(deploy, { is: 'done' })).toEqual({ exitCode: 0, production: 'changed', isFinished: true });
});

test('turned back: unchanged, exit 2; interrupted it is 130', () => {
  const back = (cause: unknown) => tell(judge(deploy, { is: 'turned-back', error: cause, failedStep: 'migrate' }));
  expect([error, new Interrupted('SIGINT'), failedUnchanged('no lock', 'wait')].map(back)).toMatchInlineSnapshot(`
    [
      "exit 2, unchanged, over
    Apply 1 migration: it broke
    everything this run did was undone: production is as it was before
    mend the cause, then: gateway-migrate deploy",
      "exit 130, unchanged, over
    Apply 1 migration: interrupted by Ctrl-C
    everything this run did was undone: production is as it was before
    gateway-migrate deploy",
      "exit 2, unchanged, over
    Apply 1 migration: no lock
    everything this run did was undone: production is as it was before
    wait",
    ]
  `);
});

test('an error before the database was touched leaves it unchanged, and nothing to finish', () => {
  const stopped = (cause: unknown) => tell(judge(deploy, { is: 'stopped', error: cause, failedStep: 'backup' }));
  expect(
    [error, new Interrupted('SIGHUP'), failedUnchanged('disk full', 'make room')].map(stopped),
  ).toMatchInlineSnapshot(`
    [
      "exit 2, unchanged, over
    Back up the database: it broke
    production is as it was before
    gateway-migrate deploy",
      "exit 130, unchanged, over
    Back up the database: ended by SIGHUP
    production is as it was before
    gateway-migrate deploy",
      "exit 2, unchanged, over
    Back up the database: disk full
    production is as it was before
    make room",
    ]
  `);
});

test('what stopped after the database was changed stays to be finished', () => {
  const stops = [
    [deploy, 'migrate', error],
    [deploy, 'migrate', unknown],
    [deploy, 'migrate', new Interrupted('SIGTERM')],
    [deploy, 'maintenance-off', error],
    [deploy, 'health', error],
    [{ ...deploy, steps: deploy.steps.filter(({ phase }) => phase !== 'maintenance') }, 'caches-after', error],
    [rollback, 'undo', error],
    [rollback, 'health', error],
  ] as const;
  const told = stops.map(([plan, failedStep, cause]) => tell(judge(plan, { is: 'stopped', error: cause, failedStep })));
  expect(told).toMatchInlineSnapshot(`
    [
      "exit 3, changed, to be finished
    Apply 1 migration: it broke
    what was done before stays in place; the site is in maintenance if it was taken down
    gateway-migrate resume, or gateway-migrate rollback",
      "exit 4, unknown, to be finished
    Apply 1 migration: cannot tell
    nobody knows
    gateway-migrate resume",
      "exit 130, changed, to be finished
    Apply 1 migration: ended by SIGTERM
    stopped between two statements, nothing undone; the site is in maintenance if it was taken down
    gateway-migrate resume, or gateway-migrate rollback",
      "exit 3, changed, to be finished
    Maintenance off: it broke
    the database is changed and verified; the site is still in maintenance
    gateway-migrate resume",
      "exit 3, changed, to be finished
    Ask the site: it broke
    the database is changed and verified, maintenance is off, but the site does not answer as it should
    gateway-migrate rollback, or mend the site and: gateway-migrate resume",
      "exit 3, changed, to be finished
    Clear caches again: it broke
    the database is changed and verified
    gateway-migrate resume",
      "exit 3, changed, to be finished
    Undo the migrations: it broke
    what was done before stays in place; the site is in maintenance if it was taken down
    gateway-migrate resume, or gateway-migrate rollback",
      "exit 3, changed, to be finished
    Ask the site: it broke
    the database is changed and verified, maintenance is off, but the site does not answer as it should
    mend the site, then: gateway-migrate resume",
    ]
  `);
});

test('a way back that failed at its last step has put production back', () => {
  const discard = {
    id: 'discard',
    phase: 'discard',
    title: 'Drop what was loaded beside',
    input: { ofRun: 'run-1', database: 'shop_restore_1' },
  } as const;
  const outcome = { is: 'stranded', error, failedStep: 'migrate', second: error, secondStep: 'discard' } as const;
  expect(tell(judge({ ...deploy, onFailure: [discard] }, outcome))).toMatchInlineSnapshot(`
    "exit 3, unchanged, to be finished
    Apply 1 migration: it broke. Then on the way back, Drop what was loaded beside: it broke
    the database and the site are as they were before; what was loaded beside is still there
    gateway-migrate resume (tries the way back again)"
  `);
});

test('a way back that failed: its own verdict counts, and a site that does not come up is no database that is lost', () => {
  const stranded = (second: unknown, secondStep = 'undo') =>
    tell(judge(deploy, { is: 'stranded', error, failedStep: 'migrate', second, secondStep }));
  expect([
    stranded(error),
    stranded(unknown),
    stranded(changed),
    stranded(failedUnchanged('no lock', 'wait')),
    stranded(error, 'maintenance-off-back'),
    stranded(error, 'health-back'),
  ]).toMatchInlineSnapshot(`
    [
      "exit 4, unknown, to be finished
    Apply 1 migration: it broke. Then on the way back, Undo what this run applied: it broke
    the way back was not completed; the journal knows every statement that was done
    gateway-migrate resume",
      "exit 4, unknown, to be finished
    Apply 1 migration: it broke. Then on the way back, Undo what this run applied: cannot tell
    nobody knows; the site is still in maintenance
    gateway-migrate resume",
      "exit 3, changed, to be finished
    Apply 1 migration: it broke. Then on the way back, Undo what this run applied: no certain way back
    still in place; the site is still in maintenance
    gateway-migrate restore",
      "exit 3, unknown, to be finished
    Apply 1 migration: it broke. Then on the way back, Undo what this run applied: no lock
    the way back was not completed; the journal knows every statement that was done
    gateway-migrate resume",
      "exit 3, unchanged, to be finished
    Apply 1 migration: it broke. Then on the way back, Maintenance off: it broke
    the database is as it was before, but the site may still be in maintenance
    gateway-migrate resume (tries the way back again)",
      "exit 3, unchanged, to be finished
    Apply 1 migration: it broke. Then on the way back, Ask the site: it broke
    the database is as it was before, but the site does not answer as it should
    mend the site, then: gateway-migrate resume",
    ]
  `);
});

test('a lock that was lost before anything was changed: nobody has compared what others did', () => {
  const lost = judge(deploy, { is: 'stopped', error: new LockLost('the lock was lost'), failedStep: 'backup' });
  expect(tell(lost).split('\n')[2]).toBe(
    'this run has changed nothing; whether another one has, that had the lock meanwhile, gateway-migrate status tells',
  );
});

test('what did not come back is 3: to be finished while a person has not decided, then over', () => {
  const lost = new NotAllBack(['column note of orders (ALTER TABLE in 1)'], 'gateway-migrate restore --backup /b');
  const stranded = { is: 'stranded', error, failedStep: 'migrate', second: lost, secondStep: 'undo' } as const;
  const ends = [
    judge(deploy, stranded),
    judge(rollback, { is: 'stopped', error: lost, failedStep: 'undo' }),
    judge(deploy, { is: 'turned-back', error, failedStep: 'migrate', lost }),
    judge(rollback, { is: 'done', lost }),
  ];
  expect(ends.map(tell)).toMatchInlineSnapshot(`
    [
      "exit 3, changed, to be finished
    Apply 1 migration: it broke. Then on the way back, Undo what this run applied: the schema is as before, but this did not come back, or nobody could compare it: column note of orders (ALTER TABLE in 1)
    every statement of the way back is done; what is named above is not as it was before; the site is still in maintenance
    gateway-migrate restore --backup /b (brings it back), or gateway-migrate resume (goes on without it)",
      "exit 3, changed, to be finished
    Undo the migrations: the schema is as before, but this did not come back, or nobody could compare it: column note of orders (ALTER TABLE in 1)
    every statement of the way back is done; what is named above is not as it was before; the site is still in maintenance
    gateway-migrate restore --backup /b (brings it back), or gateway-migrate resume (goes on without it)",
      "exit 3, changed, over
    Undo what this run applied: the schema is as before, but this did not come back, or nobody could compare it: column note of orders (ALTER TABLE in 1)
    the way back is done and the site is up; what is named above is not as it was before
    gateway-migrate restore --backup /b",
      "exit 3, changed, over
    Undo the migrations: the schema is as before, but this did not come back, or nobody could compare it: column note of orders (ALTER TABLE in 1)
    the way back is done and the site is up; what is named above is not as it was before
    gateway-migrate restore --backup /b",
    ]
  `);
});

test('a way back that fails before the database is back does not say that it is', () => {
  const saving = planDeploy({
    ...{ run: 'r', target: 't', versions: ['1'], adopt: [], backupFile: '/b', savedFile: '/s', provesBackup: false },
    ...{ savedRows: [], isSiteDown: false, ...site },
  });
  const end = judge(saving, {
    is: 'stranded',
    error,
    failedStep: 'migrate',
    second: failedUnchanged('disk full', 'x'),
    secondStep: 'save-undone',
  });
  expect(tell(end)).toMatchInlineSnapshot(`
    "exit 3, unknown, to be finished
    Apply 1 migration: it broke. Then on the way back, Save the rows that the way back drops: disk full
    the way back was not completed; the journal knows every statement that was done
    gateway-migrate resume"
  `);
});

test('a statement of the way back that the server refused did nothing: 3, and two ways on', () => {
  const words = Object.assign(new Error('check that it exists'), { errno: 1091, sqlState: '42000' });
  const section = { direction: 'down', of: 2, version: '1' } as Section;
  const refused = new StatementFailed(
    section,
    { ordinal: 1, statement: { verb: 'DROP INDEX', line: 4 } as Statement },
    words,
  );
  const ends = [
    judge(deploy, { is: 'stranded', error, failedStep: 'migrate', second: refused, secondStep: 'undo' }),
    judge(rollback, { is: 'stopped', error: refused, failedStep: 'undo' }),
  ];
  for (const end of ends) {
    expect(end).toMatchObject({
      exitCode: 3,
      production: 'changed',
      isFinished: false,
      error: {
        state:
          'the refused statement of the way back did nothing; those before it are done, and none after it has begun',
        next: 'mend the down section, then: gateway-migrate resume, or: gateway-migrate rollback --skip-statement',
      },
    });
  }
});

test('workers that cannot be started again: after the deploy, and on its way back', () => {
  const worked = planDeploy({
    ...{ run: 'r', target: 't', versions: ['1'], adopt: [], backupFile: undefined, provesBackup: false },
    ...{ savedRows: [], isSiteDown: false, ...site, withWorkers: true },
  });
  expect(tell(judge(worked, { is: 'stopped', error, failedStep: 'workers-resume' }))).toBe(
    [
      'exit 3, changed, to be finished',
      'Let the workers go on: it broke',
      'the database is changed and verified, and the site is up; the workers may still be paused',
      'gateway-migrate resume',
    ].join('\n'),
  );
  const stranded = { is: 'stranded', error, failedStep: 'migrate', second: error } as const;
  expect(tell(judge(worked, { ...stranded, secondStep: 'workers-resume-back' }))).toBe(
    [
      'exit 3, unchanged, to be finished',
      'Apply 1 migration: it broke. Then on the way back, Let the workers go on: it broke',
      'the database and the site are as they were before; the workers may still be paused',
      'gateway-migrate resume (tries the way back again)',
    ].join('\n'),
  );
});
