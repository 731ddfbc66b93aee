import type { Config } from '../config/config.ts';
import type { Migration } from '../migrations/types.ts';
import type { Facts } from '../preflight/gather.ts';
import { type RehearsalRecord, recordOf, writeRecord } from '../rehearsal/record.ts';
import { type Rehearsal, rehearse } from '../rehearsal/rehearse.ts';
import { judgeRehearsal, type Verdict } from '../rehearsal/verdict.ts';
import { isoWithOffset } from '../system/clock.ts';
import type { Invocation } from './invocation.ts';

export interface RehearsalRun {
  readonly verdict: Verdict;
  readonly record: Omit<RehearsalRecord, 'format'>;
  /** Where the evidence was written. */
  readonly path: string;
}

interface RehearsalOptions {
  readonly keep: boolean;
  readonly part: Rehearsal['part'];
}

/** Rehearses, judges, and writes the evidence whatever the verdict: what is not ready must not pass for ready. */
export async function runRehearsal(
  migrations: readonly Migration[],
  facts: Facts,
  config: Config,
  options: RehearsalOptions,
  invocation: Invocation,
): Promise<RehearsalRun> {
  const { exec, env, signal, clock } = invocation;
  const { server: production, snapshot } = facts;
  const done = await rehearse({ config, production, snapshot, migrations, exec, env, signal, ...options });
  const verdict = judgeRehearsal(done);
  const record = {
    at: isoWithOffset(clock.now()),
    database: snapshot.database,
    server: production.flavor.label,
    rehearsedOn: done.rehearsedOn,
    fingerprint: snapshot.fingerprint,
    verdict: verdict.isReady ? 'ready' : 'not ready',
    migrations: done.applied.map((one) => recordOf(one, done.routes.get(one.migration.version) ?? [])),
    findings: done.findings,
  } as const;
  return { verdict, record, path: await writeRecord(config.stateDir, record) };
}

/** Wraps a part of the work in the events of a step. */
export function asStep(invocation: Invocation): Rehearsal['part'] {
  const { hub, clock } = invocation;
  return async (id, title, body) => {
    const step = { id, title };
    const startedMs = clock.ticksMs();
    hub.report({ type: 'step.started', ...step });
    try {
      const detail = await body();
      hub.report({ type: 'step.finished', ...step, ms: clock.ticksMs() - startedMs, detail });
    } catch (error) {
      const ms = clock.ticksMs() - startedMs;
      hub.report({ type: 'step.failed', ...step, ms, error: error instanceof Error ? error.message : String(error) });
      throw error;
    }
  };
}
