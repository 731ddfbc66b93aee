import type { HistoryRow } from '../migrations/history-row.ts';
import type { Session } from '../mysql/connect.ts';
import { readJournal } from '../statements/journal.ts';
import { findLocalUnfinished, type LocalUnfinished } from './folder.ts';

/** A run that was cut off: known from this machine's state folder, from the database, or from both. */
export interface Unfinished {
  readonly run: string;
  readonly command: string;
  /** ISO 8601 from the state folder, else the server's UTC time. */
  readonly startedAt: string;
  readonly local: LocalUnfinished | undefined;
  /** Versions that the database knows as begun and not finished. */
  readonly open: readonly HistoryRow[];
  /** The last thing that was begun, for people. */
  readonly lastStatement: string | undefined;
  readonly outcome: 'done' | 'not done' | 'unknown';
}

/**
 * The state folder knows the run, the database knows what was done to it; each is believed alone when the other is
 * lost (another machine, a restored database). Reads only.
 */
export async function findUnfinished(
  stateDir: string,
  session: Session,
  history: readonly HistoryRow[],
): Promise<Unfinished | undefined> {
  const local = await findLocalUnfinished(stateDir);
  const begun = history.filter((row) => row.state === 'applying' || row.state === 'undoing');
  const run = local?.record.run ?? begun[0]?.run;
  if (run === undefined) return undefined;
  const last = await readLast(session, run);
  const lastStep = [...(local?.progress.steps ?? [])].at(-1);
  return {
    run,
    command: local?.record.plan.command ?? (begun[0]?.state === 'undoing' ? 'rollback' : 'deploy'),
    startedAt: local?.record.startedAt ?? begun[0]?.startedAt ?? '',
    local,
    open: begun,
    lastStatement: last?.text ?? (lastStep ? `step ${lastStep[0]}: ${lastStep[1]}` : undefined),
    outcome: last?.outcome ?? (lastStep?.[1] === 'finished' ? 'done' : 'unknown'),
  };
}

async function readLast(
  session: Session,
  run: string,
): Promise<{ text: string; outcome: Unfinished['outcome'] } | undefined> {
  const rows = (await readJournal(session, run)).filter((row) => row.kind !== 'start');
  const last = rows.at(-1);
  if (!last) return undefined;
  const text = `${last.version} · statement ${last.ordinal}${last.direction === 'down' ? ' of the way back' : ''} · ${last.statement.split('\n')[0]}`;
  const outcome = last.state === 'done' ? 'done' : last.state === 'failed' ? 'not done' : 'unknown';
  return { text, outcome };
}
