import { readFile } from 'node:fs/promises';
import type { LineFile } from '../system/files.ts';

/** What the local journal says of a step. */
export type StepState = 'started' | 'finished' | 'failed';

/** One line of `<state>/runs/<id>/journal.ndjson`; on disk before the step acts, and again after. */
export type JournalLine =
  | {
      readonly step: string;
      readonly state: StepState;
      readonly at: string;
      readonly error?: string | undefined;
      /** Somebody else had done it already, and is the one to undo it. */
      readonly wasFound?: boolean | undefined;
      /** It did what it could, and has told what did not come back. */
      readonly isLoss?: boolean | undefined;
    }
  /** From here on the planned way back is run. */
  | { readonly run: 'turned-back'; readonly at: string; readonly error: string }
  /** There was no certain way back, and nothing was undone: the way is forward again. */
  | { readonly run: 'turned-forward'; readonly at: string }
  | { readonly run: 'finished'; readonly at: string; readonly result: string };

/** What a run had done when its journal was last written. */
export interface Progress {
  readonly steps: ReadonlyMap<string, StepState>;
  /** The error that made it turn back; undefined while it goes forward. */
  readonly turnedBack: string | undefined;
  /** Steps that have told what did not come back: whoever goes on then, goes on without it. */
  readonly told: ReadonlySet<string>;
  /** Steps whose work somebody else had done before them. */
  readonly found: ReadonlySet<string>;
  readonly isFinished: boolean;
  /** What its last line says of production; undefined while it is not finished. */
  readonly result: string | undefined;
  /** When its last line was written, ISO 8601; undefined for an empty journal. */
  readonly lastAt: string | undefined;
}

/** Writes the local journal of a run; every line is on disk when `append` returns. */
export interface RunJournal {
  append(line: JournalLine): void;
}

export function runJournal(file: LineFile): RunJournal {
  return { append: (line) => file.append(JSON.stringify(line)) };
}

/** Reads a journal; a torn last line (the machine died while it was written) says nothing and is ignored. */
export async function readProgress(path: string): Promise<Progress> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return progressOf(text.split('\n').flatMap(parseLine));
}

/** PURE: folds journal lines into what was done. */
export function progressOf(lines: readonly JournalLine[]): Progress {
  const steps = new Map<string, StepState>();
  const told = new Set<string>();
  const found = new Set<string>();
  let turnedBack: string | undefined;
  let result: string | undefined;
  for (const line of lines) {
    if ('step' in line) {
      steps.set(line.step, line.state);
      if (line.isLoss) told.add(line.step);
      if (line.wasFound) found.add(line.step);
      else found.delete(line.step);
    } else if (line.run === 'turned-back') turnedBack = line.error;
    else if (line.run === 'turned-forward') turnedBack = undefined;
    else result = line.result;
  }
  return { steps, told, found, turnedBack, isFinished: result !== undefined, result, lastAt: lines.at(-1)?.at };
}

function parseLine(line: string): JournalLine[] {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'at' in value ? [value as JournalLine] : [];
  } catch {
    return [];
  }
}
