import { expect, test } from 'vitest';
import type { Phases, Probed } from '../../src/phases/phase.ts';
import { type DeployFacts, planDeploy } from '../../src/plan/deploy.ts';
import type { PhaseName, Plan } from '../../src/plan/step.ts';
import { type JournalLine, progressOf } from '../../src/run/journal.ts';
import { runPlan } from '../../src/run/runner.ts';
import { leavesSiteDown } from '../../src/run/unfinished.ts';
import { recordedContext } from '../support/recorded-context.ts';

const FACTS: DeployFacts = {
  run: 'r',
  target: 't',
  versions: ['1'],
  adopt: [],
  backupFile: '/b',
  provesBackup: false,
  savedRows: [],
  isSiteDown: false,
  withMaintenance: true,
  withCaches: false,
  healthyStatus: 200,
};
const plan = planDeploy(FACTS);
const at = '2026-01-01T00:00:00.000+00:00';

interface Given {
  readonly of?: Plan;
  /** Phases that throw. */
  readonly failing?: readonly PhaseName[];
  readonly probed?: Probed;
  readonly lines?: readonly JournalLine[];
  readonly onFailure?: 'undo' | 'stop';
  readonly isJournalFull?: boolean;
  /** Somebody else has taken the site down. */
  readonly isSiteDown?: boolean;
}

/** Runs the plan with phases that only note that they were called. */
async function run(given: Given) {
  const { failing = [], probed = 'not-done', lines, onFailure = 'undo', isJournalFull, isSiteDown = false } = given;
  const did: string[] = [];
  const written: JournalLine[] = [];
  const names = [
    'backup',
    'prove',
    'maintenance',
    'services',
    'caches',
    'migrate',
    'undo',
    'save',
    'load',
    'verify',
    'health',
    'workers',
    'locks',
  ];
  const phases = Object.fromEntries(
    names.map((name) => [
      name,
      {
        run: async (input: unknown) => {
          const { to } = input as { to?: string };
          did.push(to === undefined ? name : `${name} ${to}`);
          if (failing.includes(name as PhaseName)) throw new Error(`${name} broke`);
        },
        ...(name === 'maintenance' ? { isFound: async () => isSiteDown } : {}),
        probe: async () => {
          did.push(`probe ${name}`);
          return probed;
        },
      },
    ]),
  ) as unknown as Phases;
  const journal = {
    append: (line: JournalLine) => {
      if (isJournalFull && written.length > 5) throw new Error('no space left');
      written.push(line);
    },
  };
  const context = recordedContext();
  const progress = lines ? progressOf(lines) : undefined;
  const options = { onFailure, progress, wayBackSignal: context.signal };
  const outcome = await runPlan(given.of ?? plan, phases, context, journal, options);
  return { did, written, outcome, context };
}

test('runs every step once, journalled before and after', async () => {
  const { did, written, outcome } = await run({});
  expect(outcome).toEqual({ is: 'done' });
  expect(did).toEqual(['backup', 'maintenance on', 'migrate', 'verify', 'maintenance off', 'health']);
  const told = written.map((line) => ('step' in line ? `${line.step} ${line.state}` : line.run));
  expect(told.slice(0, 4)).toEqual([
    'backup started',
    'backup finished',
    'maintenance-on started',
    'maintenance-on finished',
  ]);
  expect(told).toHaveLength(12);
});

test('a failure before anything was begun that has a way back stops without one', async () => {
  const { did, outcome } = await run({ failing: ['backup'] });
  expect(outcome).toMatchObject({ is: 'stopped', failedStep: 'backup' });
  expect(did).toEqual(['backup']);
});

test('a failure afterwards turns back, and says so first', async () => {
  const { did, written, outcome } = await run({ failing: ['verify'] });
  expect(outcome).toMatchObject({ is: 'turned-back', failedStep: 'verify' });
  expect(did.slice(4)).toEqual(['undo', 'maintenance off', 'health']);
  const turned = written.findIndex((line) => 'run' in line && line.run === 'turned-back');
  const undo = written.findIndex((line) => 'step' in line && line.step === 'undo');
  expect(turned).toBeGreaterThan(0);
  expect(turned).toBeLessThan(undo);
});

test('--on-failure stop leaves everything where it is', async () => {
  const { did, outcome } = await run({ failing: ['migrate'], onFailure: 'stop' });
  expect(outcome).toMatchObject({ is: 'stopped', failedStep: 'migrate' });
  expect(did.at(-1)).toBe('migrate');
});

test('--on-failure stop before anything was applied: there is nothing to be kept, and the workers go on', async () => {
  const of = planDeploy({ ...FACTS, withWorkers: true, locks: [{ table: 't', against: 'everybody' }] });
  const { did, outcome } = await run({ of, failing: ['locks'], onFailure: 'stop' });
  expect(outcome).toMatchObject({ is: 'turned-back', failedStep: 'locks' });
  expect(did).toEqual(['backup', 'workers paused', 'locks', 'workers running']);
});

test('a result that is in place and verified is not undone for a site that does not come up', async () => {
  const { did, outcome } = await run({ failing: ['health'] });
  expect(outcome).toMatchObject({ is: 'stopped', failedStep: 'health' });
  expect(did).not.toContain('undo');
});

test('a way back that fails is stranded', async () => {
  const { outcome } = await run({ failing: ['migrate', 'undo'] });
  expect(outcome).toMatchObject({ is: 'stranded', failedStep: 'migrate', secondStep: 'undo' });
});

const upToMigrate: JournalLine[] = [
  { step: 'backup', state: 'finished', at },
  { step: 'maintenance-on', state: 'finished', at },
  { step: 'migrate', state: 'started', at },
];

test('gone on with, it skips what is finished and probes what was begun', async () => {
  const { did, outcome } = await run({ lines: upToMigrate });
  expect(outcome).toEqual({ is: 'done' });
  expect(did).toEqual(['probe migrate', 'migrate', 'verify', 'maintenance off', 'health']);
});

test('a step that took effect before the cut is not run again', async () => {
  const { did } = await run({ lines: upToMigrate, probed: 'done' });
  expect(did).toEqual(['probe migrate', 'verify', 'maintenance off', 'health']);
});

test('a step of which nobody can tell stops the run', async () => {
  const { did, outcome } = await run({ lines: upToMigrate, probed: 'unknown', onFailure: 'stop' });
  expect(outcome).toMatchObject({
    is: 'stopped',
    failedStep: 'migrate',
    error: {
      message: 'cannot tell whether "Apply 1 migration" took effect before the run was cut off',
      exitCode: 4,
      production: 'unknown',
      state: 'the steps before it are done, those after it have not begun',
      next: 'gateway-migrate resume',
    },
  });
  expect(did).toEqual(['probe migrate']);
});

test('a run that had turned back goes on backwards', async () => {
  const lines: JournalLine[] = [
    ...upToMigrate,
    { step: 'migrate', state: 'failed', at, error: 'no' },
    { run: 'turned-back', at, error: 'no' },
    { step: 'undo', state: 'started', at },
  ];
  const { did, outcome } = await run({ lines });
  expect(outcome).toMatchObject({ is: 'turned-back', failedStep: 'migrate' });
  expect(did).toEqual(['probe undo', 'undo', 'maintenance off', 'health']);
});

test('a full disk under the journal does not keep the site down on the way back', async () => {
  const { did, outcome, context } = await run({ failing: ['migrate'], isJournalFull: true });
  expect(outcome).toMatchObject({ is: 'turned-back' });
  expect(did.slice(-3)).toEqual(['undo', 'maintenance off', 'health']);
  expect(context.notes()).toContain('the local journal could not be written: no space left');
});

test('a site that somebody else took down is theirs to bring up, also for whoever goes on', async () => {
  const { did, written, outcome, context } = await run({ isSiteDown: true });
  expect(outcome).toEqual({ is: 'done' });
  expect(did).toEqual(['backup', 'maintenance on', 'migrate', 'verify']);
  const details = context.events.flatMap((event) =>
    event.type === 'step.finished' && event.detail ? [[event.id, event.detail]] : [],
  );
  expect(details).toEqual([
    ['maintenance-off', 'somebody else took the site down: it stays down'],
    ['health', 'somebody else took the site down: it stays down'],
  ]);
  const cut = written.slice(0, 5);
  expect(cut.at(-1)).toMatchObject({ step: 'migrate', state: 'started' });
  expect([progressOf(cut).found, leavesSiteDown(progressOf(cut))]).toEqual([new Set(['maintenance-on']), false]);
  const resumed = await run({ lines: cut });
  expect(resumed.did).toEqual(['probe migrate', 'migrate', 'verify']);
});

test('a site that they have brought up again since is the run’s to take down, and to bring up', async () => {
  const { written } = await run({ isSiteDown: true });
  const cut = written.slice(0, 3);
  expect(cut.at(-1)).toMatchObject({ step: 'maintenance-on', state: 'started', wasFound: true });
  const resumed = await run({ lines: cut });
  expect(resumed.did).toEqual([
    'probe maintenance',
    'maintenance on',
    'migrate',
    'verify',
    'maintenance off',
    'health',
  ]);
  expect(progressOf([...cut, ...resumed.written]).found).toEqual(new Set());
});
