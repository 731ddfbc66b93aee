import { appendFileSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan } from '../plan/step.ts';
import { collectLines, makeFolder, OWNER_ONLY, openLineFile, writeFileAtomically } from '../system/files.ts';
import { jsonText } from '../terminal/visible.ts';
import type { Reporter } from './events.ts';
import { type Progress, type RunJournal, readProgress, runJournal } from './journal.ts';

/** What `<state>/runs/<id>/plan.json` keeps: enough for another process to go on. */
export interface RunRecord {
  readonly run: string;
  readonly plan: Plan;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly onFailure: 'undo' | 'stop';
  readonly host: string;
  readonly pid: number;
  /** Who started it. */
  readonly user?: string | undefined;
}

export function runsFolder(stateDir: string): string {
  return join(stateDir, 'runs');
}

export function runFolder(stateDir: string, run: string): string {
  return join(runsFolder(stateDir), run);
}

/** Makes the run's folder and writes its plan, before the first step: what cannot be written stops the run here. */
export async function createRunFolder(stateDir: string, record: RunRecord): Promise<string> {
  const folder = runFolder(stateDir, record.run);
  await makeFolder(folder);
  await writeFileAtomically(join(folder, 'plan.json'), `${JSON.stringify(record, null, 2)}\n`);
  return folder;
}

/** A torn last line (the machine died while it was written) gets its end, so that the next line stands alone. */
export function openRunJournal(folder: string): RunJournal & { close(): void } {
  const path = join(folder, 'journal.ndjson');
  const isTorn = existsSync(path) && !/(^|\n)$/.test(readFileSync(path, 'utf8'));
  const file = openLineFile(path);
  if (isTorn) file.append('');
  return { ...runJournal(file), close: () => file.close() };
}

/** Ends the journal of a run that another one has finished; a run that has its end, or no journal, is left alone. */
export async function endRun(folder: string, at: string, result: string): Promise<void> {
  const { steps, isFinished } = await readProgress(join(folder, 'journal.ndjson'));
  if (isFinished || steps.size === 0) return;
  const journal = openRunJournal(folder);
  journal.append({ run: 'finished', at, result });
  journal.close();
}

/** Keeps every event of the run beside its journal. A full disk costs the copy, never the run. */
export function eventsReporter(folder: string): Reporter {
  let fd: number | undefined = openSync(join(folder, 'events.ndjson'), 'a', OWNER_ONLY);
  const lines = collectLines((text) => {
    try {
      if (fd !== undefined) appendFileSync(fd, text);
    } catch {
      fd = undefined;
    }
  });
  return (event) => lines.append(jsonText(event));
}

export async function readRecord(folder: string): Promise<RunRecord | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, 'plan.json'), 'utf8')) as RunRecord;
  } catch {
    return undefined;
  }
}

/** A run that this machine knows. */
export interface LocalRun {
  readonly folder: string;
  readonly record: RunRecord;
  readonly progress: Progress;
}

/** Ids of all runs, oldest first. */
export function listRuns(stateDir: string): string[] {
  const folder = runsFolder(stateDir);
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

/** All runs whose plans can be read, newest first. */
export async function listLocalRuns(stateDir: string): Promise<LocalRun[]> {
  const found: LocalRun[] = [];
  for (const run of listRuns(stateDir).reverse()) {
    const folder = runFolder(stateDir, run);
    const record = await readRecord(folder);
    if (record) found.push({ folder, record, progress: await readProgress(join(folder, 'journal.ndjson')) });
  }
  return found;
}

/** The newest run of this state folder that was cut off, if any. */
export async function findLocalUnfinished(stateDir: string): Promise<LocalRun | undefined> {
  for (const run of listRuns(stateDir).reverse()) {
    const folder = runFolder(stateDir, run);
    const progress = await readProgress(join(folder, 'journal.ndjson'));
    if (progress.isFinished) continue;
    const record = await readRecord(folder);
    if (record && progress.steps.size > 0) return { folder, record, progress };
  }
  return undefined;
}

/** The newest run of this state folder that has come to its end and changed production, if any. */
export async function findLastChange(stateDir: string): Promise<LocalRun | undefined> {
  for (const run of listRuns(stateDir).reverse()) {
    const folder = runFolder(stateDir, run);
    const progress = await readProgress(join(folder, 'journal.ndjson'));
    if (progress.result === undefined || progress.result === 'unchanged') continue;
    const record = await readRecord(folder);
    if (record) return { folder, record, progress };
  }
  return undefined;
}

/** Ends every older run that was cut off: a restore has put another database in the place of what they worked on. */
export async function endOlderRuns(stateDir: string, by: string, at: string): Promise<void> {
  for (const run of listRuns(stateDir).filter((one) => one < by)) {
    await endRun(runFolder(stateDir, run), at, `superseded by ${by}`);
  }
}
