import { randomBytes } from 'node:crypto';
import { type Clock, isoWithOffset } from '../system/clock.ts';
import type { Secret } from '../system/secret.ts';
import type { Reporter, RunEvent, StampedEvent } from './events.ts';
import { redactEvent, redactor } from './redact.ts';
import { phraseEvent } from './typed.ts';

/** Where every event passes: it gets its time and its run, loses its secrets, and goes to every reporter. */
export interface Hub {
  /** Sorts by time: `20261123T143000123Z-3f9a`. */
  readonly run: string;
  report(event: RunEvent): void;
  attach(reporter: Reporter): void;
  /** The same, and hands it everything reported so far, progress left out: the folder of a run is made late. */
  attachWithPast(reporter: Reporter): void;
  /** From now on these never appear in an event. */
  conceal(secrets: readonly Secret[]): void;
  /** From now on events belong to this run: `resume` goes on under the run's own id. */
  adoptRun(run: string): void;
}

/** Events kept before there is a folder for them. */
const MOST_PAST = 10_000;

export function createHub(clock: Clock, first: readonly Reporter[], phrase = (text: string) => text): Hub {
  const reporters = [...first];
  let run = runId(clock.now());
  let redact: ((text: string) => string) | undefined;
  let past: StampedEvent[] | undefined = [];
  return {
    get run() {
      return run;
    },
    report(event) {
      const phrased = phraseEvent(event, phrase);
      const clean = redact ? redactEvent(phrased, redact) : phrased;
      const stamped = { ...clean, at: isoWithOffset(clock.now()), run };
      if (event.type !== 'progress' && past && past.length < MOST_PAST) past.push(stamped);
      for (const reporter of reporters) reporter(stamped);
    },
    attach: (reporter) => void reporters.push(reporter),
    attachWithPast: (reporter) => {
      for (const event of past ?? []) reporter(event);
      past = undefined;
      reporters.push(reporter);
    },
    conceal: (secrets) => {
      redact = redactor(secrets);
    },
    adoptRun: (other) => {
      run = other;
    },
  };
}

/** Sorts by time. */
export function runId(at: Date): string {
  return `${at.toISOString().replace(/[-:.]/g, '')}-${randomBytes(2).toString('hex')}`;
}
