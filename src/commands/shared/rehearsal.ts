import type { Config } from '../../config/config.ts';
import { type Failure, refusal } from '../../errors.ts';
import type { Migration } from '../../migrations/types.ts';
import type { Facts } from '../../preflight/gather.ts';
import {
  digestOfAsked,
  type RehearsalRecord,
  readRecord,
  recordOf,
  whyNoEvidence,
  writeRecord,
} from '../../rehearsal/record.ts';
import type { Rehearsal } from '../../rehearsal/rehearsal.ts';
import { rehearse } from '../../rehearsal/rehearse.ts';
import { judgeRehearsal, type Verdict } from '../../rehearsal/verdict.ts';
import { readSnapshot } from '../../schema/snapshot.ts';
import { isoWithOffset } from '../../system/clock.ts';
import type { Invocation } from './invocation.ts';
import { reportChecks } from './preflight.ts';
import { asStep } from './step.ts';

export interface RehearsalRun {
  readonly verdict: Verdict;
  readonly record: Omit<RehearsalRecord, 'format'>;
  /** Where the evidence was written. */
  readonly path: string;
}

interface RehearsalOptions {
  readonly keep: boolean;
  readonly loadTables?: Rehearsal['loadTables'];
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
    asked: digestOfAsked(config.verify),
    verdict: verdict.isReady ? 'ready' : 'not ready',
    migrations: done.applied.map((one) => recordOf(one, done.routes.get(one.migration.version) ?? [])),
    findings: done.findings,
  } as const;
  return { verdict, record, path: await writeRecord(config.stateDir, record) };
}

/** What a deploy shows of its rehearsal in its summary. */
export interface Evidence {
  /** When, and how it went. */
  readonly text: string;
  /** Versions that have no certain way back from their middle but a restore. */
  readonly onlyByRestore: readonly string[];
  readonly migrations: RehearsalRecord['migrations'];
}

/**
 * Evidence that these migrations lead forward and back on this schema. It rehearses by itself when there is none, or none
 * that still holds. Refuses what is not ready (exit 5); without a backup, what only a backup could bring back.
 */
export async function requireRehearsed(
  migrations: readonly Migration[],
  facts: Facts,
  config: Config,
  { skipBackup }: { readonly skipBackup: boolean },
  invocation: Invocation,
): Promise<Evidence> {
  if (migrations.length === 0) return { text: 'nothing to rehearse', onlyByRestore: [], migrations: [] };
  const record = await recordFor(migrations, facts, config, invocation);
  const versions = new Set(migrations.map(({ version }) => version));
  const onlyByRestore = record.findings.flatMap(({ name, version }) =>
    name === 'no-way-back-from-the-middle' && version !== undefined && versions.has(version) ? [version] : [],
  );
  if (skipBackup && onlyByRestore.length > 0) {
    throw refusal(
      `only a backup leads back from the middle of ${onlyByRestore.join(', ')}, and there will be none (--skip-backup)`,
      'gateway-migrate deploy',
    );
  }
  const rehearsed = record.migrations.filter(({ version }) => versions.has(version));
  return { text: describeEvidence(record.at), onlyByRestore, migrations: rehearsed };
}

async function recordFor(
  migrations: readonly Migration[],
  facts: Facts,
  config: Config,
  invocation: Invocation,
): Promise<Pick<RehearsalRecord, 'at' | 'findings' | 'migrations'>> {
  const { database, fingerprint } = facts.snapshot;
  const asked = digestOfAsked(config.verify);
  const intended = { fingerprint, asked, server: facts.server.flavor.label, migrations };
  const known = await readRecord(config.stateDir, database);
  const reason = whyNoEvidence(known, intended);
  if (known && reason === undefined) return known;
  let record: RehearsalRun['record'] | undefined;
  await asStep(invocation)('rehearse', 'Rehearse', async () => {
    const run = await runRehearsal(migrations, facts, config, { keep: false, part: quietly }, invocation);
    const unheld = run.verdict.checks.filter((check) => !check.ok);
    reportChecks(unheld, invocation);
    if (!run.verdict.isReady) throw notReady(run.verdict);
    record = run.record;
    return `${describeRehearsal(run.record)} (${reason})`;
  });
  return record as RehearsalRun['record'];
}

function notReady({ obstacles, next }: Verdict): Failure {
  return refusal(`no valid rehearsal: not ready: ${[...new Set(obstacles)].join(', ')}`, next);
}

/** What the page of a run tells beside what happened then. */
export function reportRehearsed({ migrations }: Evidence, { hub }: Invocation): void {
  for (const { version, changes = [], statements } of migrations) {
    const forecasts = statements.flatMap(({ ordinal, lock }) => {
      if (!lock) return [];
      const { table, effect, rows, estimateMs } = lock;
      return [{ ordinal, table, effect, rows, estimateMs }];
    });
    hub.report({ type: 'rehearsed', version, changes, forecasts });
  }
}

/** Somebody may change the schema between the questions and the lock. */
export async function requireSameSchema(facts: Facts): Promise<void> {
  const session = await facts.server.open();
  try {
    const now = await readSnapshot(session, facts.snapshot.database);
    if (now.fingerprint === facts.snapshot.fingerprint) return;
    throw refusal(
      "production's schema has changed since it was rehearsed",
      'gateway-migrate deploy (it rehearses again)',
    );
  } finally {
    await session.close();
  }
}

const quietly: Rehearsal['part'] = async (_id, _title, body) => void (await body());

/** `ready on MySQL 9.7.4: 6 statements forward and back`. */
function describeRehearsal({ rehearsedOn, migrations }: RehearsalRun['record']): string {
  const statements = migrations.reduce((sum, one) => sum + one.statements.length, 0);
  return `ready on ${rehearsedOn}: ${statements === 1 ? '1 statement' : `${statements} statements`} forward and back`;
}

/** `2026-11-23 16:05, ready`. */
function describeEvidence(at: string): string {
  return `${at.slice(0, 'YYYY-MM-DDTHH:MM'.length).replace('T', ' ')}, ready`;
}
