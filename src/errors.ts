/** Process exit codes, as documented in docs/exit-codes.md. Scripts rely on them: never renumber. */
export const ExitCode = {
  done: 0,
  finding: 1,
  failedUnchanged: 2,
  failedChanged: 3,
  unknown: 4,
  refused: 5,
  declined: 6,
  usage: 64,
  configuration: 78,
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** What a run left behind in production, as the last event of every run says. */
export type ProductionState = 'unchanged' | 'changed' | 'restored' | 'unknown';

interface FailureParts {
  readonly exitCode: ExitCode;
  readonly production: ProductionState;
  /** One sentence: the state that production is in now. */
  readonly state: string;
  /** The exact command to type next. */
  readonly next: string;
  readonly cause?: unknown;
}

/**
 * Every error a user sees. It says three things: what failed (with the server's own words), what state
 * production is in now, and the exact command to type next.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: ExitCode;
  readonly production: ProductionState;
  readonly state: string;
  readonly next: string;

  constructor(what: string, parts: FailureParts) {
    super(what, { cause: parts.cause });
    this.exitCode = parts.exitCode;
    this.production = parts.production;
    this.state = parts.state;
    this.next = parts.next;
  }
}

/** Refused before anything happened (exit 5): production is untouched by definition. */
export function refusal(what: string, next: string): Failure {
  return new Failure(what, {
    exitCode: ExitCode.refused,
    production: 'unchanged',
    state: 'nothing was started, production is unchanged',
    next,
  });
}

/** Failed before anything in production was touched, or after everything was put back (exit 2). */
export function failedUnchanged(what: string, next: string, cause?: unknown): Failure {
  return new Failure(what, {
    exitCode: ExitCode.failedUnchanged,
    production: 'unchanged',
    state: 'production is as it was before',
    next,
    cause,
  });
}

/** The signals that ask a run to stop safely: Ctrl-C, `kill`, and the end of the terminal. */
export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type StopSignal = (typeof STOP_SIGNALS)[number];

/** Thrown at the next safe point after one of them. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly signal: StopSignal;

  constructor(signal: StopSignal) {
    super(signal === 'SIGINT' ? 'interrupted by Ctrl-C' : `ended by ${signal}`);
    this.signal = signal;
  }
}

/** The message of anything thrown, without a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
