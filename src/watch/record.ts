import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LineFile, openLineFile, writeFileAtomically } from '../system/files.ts';
import type { Evidence, Sample, Verdict } from './evidence.ts';
import type { Place } from './logs/follow.ts';

/** What is kept of one look, in the folder of the run that is watched: a watch that is started again knows it. */
export interface Kept {
  readonly sample: Sample;
  /** Where the logs were read up to, by path. */
  readonly places: Readonly<Record<string, Place>>;
}

/** More would be a day of looks; older ones are in no window any more. */
const MOST_LOOKS = 5_000;

function recordPath(folder: string): string {
  return join(folder, 'watch.ndjson');
}

/** Looks of earlier watches of this run, oldest first; a torn last line is left out. */
export async function readKept(folder: string): Promise<Kept[]> {
  const text = await readFile(recordPath(folder), 'utf8').catch(() => '');
  return text
    .split('\n')
    .slice(-MOST_LOOKS)
    .flatMap((line): Kept[] => {
      try {
        return line === '' ? [] : [JSON.parse(line) as Kept];
      } catch {
        return [];
      }
    });
}

/** A full disk costs the memory of the watch, never the watch. */
export function openRecord(folder: string): { keep(kept: Kept): void; close(): void } {
  let file: LineFile | undefined;
  try {
    file = openLineFile(recordPath(folder));
  } catch {
    file = undefined;
  }
  return {
    keep(kept) {
      try {
        file?.append(JSON.stringify(kept));
      } catch {
        file = undefined;
      }
    },
    close: () => file?.close(),
  };
}

/** How the last watch of a run has ended. */
export interface Judgement {
  /** ISO 8601 with offset. */
  readonly at: string;
  readonly verdict: Verdict;
  readonly because: readonly string[];
  readonly evidence: readonly Evidence[];
  /** The command to type. */
  readonly next: string;
}

function judgementPath(folder: string): string {
  return join(folder, 'verdict.json');
}

export async function keepJudgement(folder: string, judgement: Judgement): Promise<void> {
  await writeFileAtomically(judgementPath(folder), `${JSON.stringify(judgement)}\n`);
}

/** Undefined where no watch has ended yet. */
export async function readJudgement(folder: string): Promise<Judgement | undefined> {
  const text = await readFile(judgementPath(folder), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Judgement);
}
