import { ExitCode, Failure } from '../errors.ts';
import { describeEmptied, findEmptied, remedyForEmptied } from '../exchange/emptied.ts';
import { checksums } from '../migrations/history-row.ts';
import { compareWithHistory, diffSinceApplied, type MigrationStatus } from '../migrations/pending.ts';
import type { Problem } from '../migrations/source-files.ts';
import { checkForeign, remedyFor } from '../preflight/foreign/checks.ts';
import { findClaims } from '../preflight/foreign/claims.ts';
import type { ForeignClaims, ForeignHistory } from '../preflight/foreign/history.ts';
import { readForeign } from '../preflight/foreign/read.ts';
import { reach } from '../preflight/reach.ts';
import { readKnownHistory, readSources } from '../preflight/sources.ts';
import { describeHolder } from '../run/lock.ts';
import {
  canBeUndone,
  findUnfinished,
  hasLeftSiteDown,
  hasLeftWorkersPaused,
  type Unfinished,
} from '../run/unfinished.ts';
import { readConfig, warnOfPlainNetwork } from './shared/begin.ts';
import type { Invocation } from './shared/invocation.ts';
import { type Ending, withRun } from './shared/with-run.ts';

export interface StatusOptions {
  /** Exit 1 if anything is pending or wrong. */
  readonly check: boolean;
}

/** Applied, pending, changed since applied, missing files, an unfinished run. Changes nothing. */
export function statusCommand(options: StatusOptions, invocation: Invocation): Promise<ExitCode> {
  return withRun('status', invocation, async () => {
    const config = await readConfig(invocation);
    // With --json the answer is one object.
    if (!invocation.flags.json) warnOfPlainNetwork(config, invocation);
    const { server, session } = await reach(config);
    try {
      const noted = await readKnownHistory(session, config, { withText: false });
      const applied = checksums(noted);
      const { migrations, problems, notes } = await readSources(config, { history: noted });
      // The texts are the bulk of the history, and needed only where a file is not what was applied.
      const isEqual = migrations.every((one) => [one.checksum, undefined].includes(applied.get(one.version)));
      const history = isEqual ? noted : await readKnownHistory(session, config, { withText: true });
      const status = compareWithHistory(migrations, history);
      const foreign = await readForeign(session, status);
      const claims = findClaims(foreign, status.pending);
      const unfinished = await findUnfinished(config.stateDir, session, history);
      const emptied = await findEmptied(session, server.target.database, unfinished?.run);
      const holder = unfinished || emptied ? await describeHolder(session) : undefined;
      if (problems.length > 0 && status.pending.length === 0 && migrations.length === 0)
        throw nothingReadable(problems[0]?.what ?? '');
      await show(status, unfinished, holder, invocation);
      const wrong = problems.map(describeProblem);
      if (emptied && !holder) wrong.unshift(`${describeEmptied(emptied)}. Next, ${remedyForEmptied(emptied)}`);
      invocation.print([...wrong, ...notes.map(describeProblem)]);
      for (const check of checkForeign(foreign, claims)) {
        invocation.print([`${check.name}: ${check.detail}`, ...(check.remedy ? [`  next: ${check.remedy}`] : [])]);
      }
      const answer = { ...answerOf(status, unfinished, holder), problems: wrong, ...summaryOf(foreign, claims) };
      return { ...endingOf({ status, problems: wrong.length, unfinished, claims }, options), ...answer };
    } finally {
      await session.close();
    }
  });
}

function describeProblem({ path, line, what, remedy }: Problem): string {
  return `${path}${line === undefined ? '' : `:${line}`}: ${what}. ${remedy}`;
}

/** What `status --json` says, in one object. */
function answerOf(status: MigrationStatus, unfinished: Unfinished | undefined, holder: string | undefined) {
  const { applied, pending, changed, missing } = status;
  return {
    applied: applied.map((row) => row.version),
    pending: pending.map((one) => one.version),
    changed: changed.map((one) => one.migration.version),
    missing: missing.map((row) => row.version),
    unfinished: unfinished
      ? {
          run: unfinished.run,
          command: unfinished.command,
          startedAt: unfinished.startedAt,
          last: unfinished.lastStatement ?? null,
          outcome: unfinished.outcome,
          holder: holder ?? null,
        }
      : null,
  };
}

async function show(
  status: MigrationStatus,
  unfinished: Unfinished | undefined,
  holder: string | undefined,
  invocation: Invocation,
): Promise<void> {
  const { renderStatus } = await import('../terminal/status-view.ts');
  const name = (one: { version: string; name: string }) => ({ version: one.version, name: one.name });
  const view = {
    applied: status.applied.map((row) => ({ ...name(row), at: row.startedAt.slice(0, 19), ms: row.durationMs ?? 0 })),
    pending: status.pending.map((one) => ({
      ...name(one),
      statements: one.isUntranslated ? undefined : one.up.length,
    })),
    changed: status.changed.map((one) => name(one.migration)),
    missing: status.missing.map(name),
    unfinished: unfinished && {
      ...unfinished,
      isSiteDown: hasLeftSiteDown(unfinished),
      hasPausedWorkers: hasLeftWorkersPaused(unfinished),
      canBeUndone: canBeUndone(unfinished),
    },
  };
  invocation.print(renderStatus(view, invocation.look));
  for (const changed of status.changed) {
    const diff = diffSinceApplied(changed);
    if (diff)
      invocation.print([`${changed.migration.version} since it was applied:`, ...diff.map((line) => `  ${line}`)]);
  }
  if (holder) invocation.print([`It is still going on: ${holder}.`]);
}

/** Only where there is something to say of it. */
function summaryOf(foreign: readonly ForeignHistory[], claims: readonly ForeignClaims[]): Pick<Ending, 'foreign'> {
  if (foreign.length === 0) return {};
  return {
    foreign: foreign.map((history) => {
      const of = claims.find((one) => one.history === history)?.claims ?? [];
      const failed = of.find(({ state }) => state === 'failed')?.migration.version ?? null;
      const pending = of.map(({ migration }) => migration.version);
      return { tool: history.tool, table: history.table, noted: history.entries.length, pending, failed };
    }),
  };
}

interface Found {
  readonly status: MigrationStatus;
  readonly problems: number;
  readonly unfinished: Unfinished | undefined;
  readonly claims: readonly ForeignClaims[];
}

function endingOf({ status, problems, unfinished, claims }: Found, options: StatusOptions): Ending {
  const pending = status.pending.length;
  const wrong = status.changed.length + status.missing.length + problems + (unfinished ? 1 : 0);
  if (!options.check || pending + wrong === 0) return { exitCode: ExitCode.done, production: 'unchanged' };
  const error = {
    what: `${pending} pending, ${status.changed.length} changed, ${status.missing.length} missing${unfinished ? ', a run is unfinished' : ''}`,
    state: 'production is unchanged',
    next: unfinished ? 'gateway-migrate resume' : claims[0] ? remedyFor(claims[0]) : nextOf(pending),
  };
  return { exitCode: ExitCode.finding, production: 'unchanged', error };
}

function nextOf(pending: number): string {
  return pending > 0 ? 'gateway-migrate deploy' : 'gateway-migrate status';
}

function nothingReadable(what: string): Failure {
  return new Failure(what, {
    exitCode: ExitCode.configuration,
    production: 'unchanged',
    state: 'nothing was started, production is unchanged',
    next: 'look at migrations.dir in the configuration',
  });
}
