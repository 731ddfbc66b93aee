import { existsSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import type { ExitCode } from '../errors.ts';
import { reach } from '../preflight/reach.ts';
import { pagePath, readStory } from '../report/write.ts';
import { listLocalRuns } from '../run/folder.ts';
import { readHistory } from '../statements/history.ts';
import { alignRows, formatDuration } from '../terminal/style.ts';
import { readConfig } from './shared/begin.ts';
import type { Invocation } from './shared/invocation.ts';
import { DONE, withRun } from './shared/with-run.ts';

/** A run as `history` tells it; null where only the database knows of it. */
interface PastRun {
  readonly run: string;
  readonly command: string | null;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly result: string;
  readonly applied: readonly string[];
  readonly reverted: readonly string[];
  readonly maintenanceMs: number | null;
  readonly ms: number | null;
  /** Whose it was: `user@host`. */
  readonly by: string | null;
  readonly page: string | null;
}

/** Past runs, newest first: those of this machine, and those that only the database knows. Changes nothing. */
export function historyCommand(invocation: Invocation): Promise<ExitCode> {
  return withRun('history', invocation, async () => {
    const config = await readConfig(invocation);
    const local = await localRuns(config);
    const known = new Set(local.map(({ run }) => run));
    const elsewhere = (await runsInDatabase(config, invocation)).filter(({ run }) => !known.has(run));
    const runs = [...local, ...elsewhere].sort((a, b) => (a.run < b.run ? 1 : -1));
    for (const run of runs) invocation.printJson({ type: 'history', ...run });
    invocation.print(runs.length === 0 ? ['no run yet'] : lines(runs));
    return DONE;
  });
}

async function localRuns({ stateDir }: Config): Promise<PastRun[]> {
  const runs = await listLocalRuns(stateDir);
  return Promise.all(
    runs.map(async ({ folder, record, progress }): Promise<PastRun> => {
      const finished = (await readStory(folder))?.finished;
      const page = pagePath(folder);
      return {
        ...{ run: record.run, command: record.plan.command, startedAt: record.startedAt },
        result: finished?.result ?? (progress.isFinished ? (progress.result ?? 'finished') : 'unfinished'),
        applied: finished?.applied ?? [],
        reverted: finished?.reverted ?? [],
        maintenanceMs: finished?.maintenanceMs ?? null,
        ms: finished?.ms ?? null,
        by: record.user === undefined ? record.host : `${record.user}@${record.host}`,
        page: existsSync(page) ? page : null,
      };
    }),
  );
}

/** Of runs of other machines the database knows the migrations that are still applied. */
async function runsInDatabase(config: Config, { hub }: Invocation): Promise<PastRun[]> {
  try {
    const { session } = await reach(config);
    try {
      const rows = await readHistory(session, { withText: false });
      return [...new Set(rows.map(({ run }) => run))].map((run) => {
        const own = rows.filter((row) => row.run === run);
        return {
          ...{ run, command: null, startedAt: own[0]?.startedAt ?? '', result: 'applied' },
          ...{ applied: own.map(({ version }) => version), reverted: [], maintenanceMs: null },
          ...{ ms: null, by: null, page: null },
        };
      });
    } finally {
      await session.close();
    }
  } catch (error) {
    const text = `only the runs of this machine: ${error instanceof Error ? error.message : String(error)}`;
    hub.report({ type: 'note', level: 'warning', text });
    return [];
  }
}

function lines(runs: readonly PastRun[]): string[] {
  return alignRows(
    runs.map((run) => [
      run.startedAt.slice(0, 'YYYY-MM-DDTHH:MM:SS'.length).replace('T', ' '),
      run.command ?? 'elsewhere',
      run.result,
      whatOf(run),
      run.maintenanceMs === null ? '' : `down ${formatDuration(run.maintenanceMs)}`,
      run.by ?? '',
      run.page ?? run.run,
    ]),
  );
}

function whatOf({ applied, reverted }: PastRun): string {
  const parts = [
    ...(applied.length > 0 ? [`${applied.length} applied`] : []),
    ...(reverted.length > 0 ? [`${reverted.length} undone`] : []),
  ];
  return parts.join(', ');
}
