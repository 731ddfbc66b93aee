import type { CommandName, RunEvent, RunFinished, StampedEvent } from '../run/events.ts';
import { type LogLine, logLine } from './log-lines.ts';

type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

/** One step of a run, as it went. */
export interface ToldStep {
  readonly id: string;
  readonly title: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Undefined: it had not ended when the last event was written. */
  ms: number | undefined;
  detail: string | undefined;
  error: string | undefined;
}

export interface ToldStatement {
  readonly version: string;
  readonly ordinal: number;
  readonly of: number;
  readonly direction: 'up' | 'down';
  readonly sql: string;
  ms: number | undefined;
  rows: number | undefined;
  warnings: readonly string[];
}

export interface NotableLine extends LogLine {
  /** ISO 8601. */
  readonly at: string;
}

/** A run as its events tell it: what a page and a message are made of. */
export interface Story {
  readonly run: string;
  readonly command: CommandName;
  readonly target: string;
  readonly logFile: string | undefined;
  readonly startedAt: string;
  /** When the last event was written. */
  readonly lastAt: string;
  readonly steps: readonly ToldStep[];
  readonly statements: readonly ToldStatement[];
  readonly rehearsed: readonly EventOf<'rehearsed'>[];
  readonly migrations: readonly EventOf<'migration.finished'>[];
  readonly checks: readonly EventOf<'check'>[];
  readonly notes: readonly EventOf<'note'>[];
  readonly summaries: readonly EventOf<'summary'>[];
  /** What the log marks with WARN or ERROR, with its moment. */
  readonly notable: readonly NotableLine[];
  /** Undefined: it was cut off, or goes on. */
  readonly finished: RunFinished | undefined;
}

type Draft = { -readonly [K in keyof Story]: Story[K] } & {
  steps: ToldStep[];
  statements: ToldStatement[];
  rehearsed: EventOf<'rehearsed'>[];
  migrations: EventOf<'migration.finished'>[];
  checks: EventOf<'check'>[];
  notes: EventOf<'note'>[];
  summaries: EventOf<'summary'>[];
  notable: NotableLine[];
};

/** PURE. Reads the events of one run in their order; a run that was resumed goes on where it stopped. */
export function tellStory(events: readonly StampedEvent[]): Story {
  const [first] = events;
  const story: Draft = {
    ...{ run: '', command: 'deploy', target: '', logFile: undefined, finished: undefined },
    ...{ startedAt: first?.at ?? '', lastAt: first?.at ?? '' },
    ...{ steps: [], statements: [], rehearsed: [], migrations: [], checks: [], notes: [], summaries: [], notable: [] },
  };
  let isBegun = false;
  for (const event of events) {
    story.run = event.run;
    story.lastAt = event.at;
    if (event.type === 'run.started' && !isBegun) {
      isBegun = true;
      Object.assign(story, { command: event.command, target: event.target, logFile: event.logFile });
    }
    const line = logLine(event);
    if (line.level === 'WARN' || line.level === 'ERROR') story.notable.push({ ...line, at: event.at });
    take(story, event);
  }
  return story;
}

function take(story: Draft, event: StampedEvent): void {
  switch (event.type) {
    case 'run.started':
      story.finished = undefined;
      return;
    case 'step.started': {
      const { id, title, at } = event;
      story.steps.push({ id, title, startedAt: at, ms: undefined, detail: undefined, error: undefined });
      return;
    }
    case 'step.finished':
    case 'step.failed':
      endStep(story.steps, event);
      return;
    case 'statement.started': {
      const { version, ordinal, of, direction, sql } = event;
      story.statements.push({ version, ordinal, of, direction, sql, ms: undefined, rows: undefined, warnings: [] });
      return;
    }
    case 'statement.finished':
      endStatement(story.statements, event);
      return;
    case 'rehearsed':
      story.rehearsed.push(event);
      return;
    case 'migration.finished':
      story.migrations.push(event);
      return;
    case 'check':
      story.checks.push(event);
      return;
    case 'note':
      story.notes.push(event);
      return;
    case 'summary':
      story.summaries.push(event);
      return;
    case 'run.finished':
      story.finished = event;
      return;
    default:
      return;
  }
}

function endStep(steps: ToldStep[], event: EventOf<'step.finished' | 'step.failed'>): void {
  const step = steps.findLast(({ id, ms }) => id === event.id && ms === undefined);
  if (!step) return;
  step.ms = event.ms;
  if (event.type === 'step.finished') step.detail = event.detail;
  else step.error = event.error;
}

function endStatement(statements: ToldStatement[], event: EventOf<'statement.finished'>): void {
  const { version, ordinal, direction } = event;
  const isIt = (one: ToldStatement) =>
    one.version === version && one.ordinal === ordinal && one.direction === direction && one.ms === undefined;
  const statement = statements.findLast(isIt);
  if (statement) Object.assign(statement, { ms: event.ms, rows: event.rows, warnings: event.warnings });
}

/** What the deploy's own verification said: `71 checks: 6 tables, 18 foreign keys (6/6 CASCADE), …`. */
export function verifiedIn(story: Story): string | undefined {
  return story.steps.findLast(({ id, error }) => id === 'verify' && error === undefined)?.detail;
}

/** One sentence: what happened, and to what. */
export function headlineOf(story: Story): string {
  const { finished, command, target } = story;
  const count = (n: number) => (n === 1 ? '1 migration' : `${n} migrations`);
  if (!finished) return `The ${command} of ${target} has not ended`;
  if (finished.result !== 'ok') return `The ${finished.command} of ${target} ${ENDINGS[finished.result]}`;
  if (finished.applied?.length) return `Deployed ${count(finished.applied.length)} to ${target}`;
  if (finished.reverted?.length) return `Rolled back ${count(finished.reverted.length)} of ${target}`;
  if (finished.production === 'restored') return `Restored ${target}`;
  return `The ${finished.command} of ${target} finished`;
}

const ENDINGS = { failed: 'failed', cancelled: 'was cancelled', refused: 'was refused' } as const;

const STATES = {
  unchanged: 'Production is as it was before.',
  changed: 'Production is changed.',
  restored: 'Production is restored.',
  unknown: 'The state of production is not known: run gateway-migrate resume.',
} as const;

/** One sentence about the state of production. */
export function stateOf({ finished }: Story): string {
  if (!finished) return 'What it has done only the database knows: run gateway-migrate status.';
  return finished.error ? sentence(finished.error.state) : STATES[finished.production];
}

function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
