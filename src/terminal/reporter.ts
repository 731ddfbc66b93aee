import type { CommandName, Reporter, RunEvent, StampedEvent } from '../run/events.ts';
import { systemClock } from '../system/clock.ts';
import { type Check, checkLines, countFindings, type Extent } from './checks-view.ts';
import { closingLines, isAboutChecks, isListing } from './closing.ts';
import {
  accidentLines,
  type EventOf,
  errorLines,
  headerLines,
  indented,
  migrationLines,
  noteLines,
  planLines,
  progressText,
  resultLines,
  statementOutcomeLines,
  statementSqlLines,
  statementText,
  summaryLines,
} from './event-lines.ts';
import { LiveLines } from './live-lines.ts';
import { createLook, type Look } from './look.ts';
import { displayWidth } from './style.ts';
import { visibleDeep } from './visible.ts';
import { evidenceLines, verdictLines, WatchLine } from './watch-lines.ts';

export interface TerminalReporterOptions {
  readonly stream: NodeJS.WritableStream;
  /** The stream's lines may be redrawn: a spinner shows what is going on. */
  readonly isTTY: boolean;
  readonly color: boolean;
  readonly isUnicode?: boolean;
  /** Each statement with its SQL, warnings, debug notes, the plan. */
  readonly verbose: boolean;
  /** Only errors and the last line. */
  readonly quiet: boolean;
  /** Columns. */
  readonly width: number;
  /** Words what a person is told to type. */
  readonly phrase?: (text: string) => string;
  /** Monotonic milliseconds, for the time on the live line. */
  readonly ticksMs?: () => number;
}

export interface TerminalReporter extends Reporter {
  /** Ends the live line; to be called before the process ends. */
  stop(): void;
  /** A question is open. */
  pause(): void;
  resume(): void;
}

const NARROWEST_TITLE = 20;
/** Without a live line, long work says that it goes on this often. */
const PROGRESS_EVERY_MS = 10_000;
/** A line a minute tells that a watch goes on. */
const SAMPLE_EVERY_MS = 60_000;

/** Turns events into lines for people, on standard error or output. */
export function terminalReporter(options: TerminalReporterOptions): TerminalReporter {
  const lines = new RunLines(options);
  return Object.assign((event: StampedEvent) => lines.take(event), {
    stop: () => lines.stop(),
    pause: () => lines.pause(),
    resume: () => lines.resume(),
  });
}

/** The lines of one run, and what they depend on beyond the event at hand. */
class RunLines {
  readonly #options: TerminalReporterOptions;
  readonly #look: Look;
  readonly #live: LiveLines;
  readonly #ticksMs: () => number;
  readonly #phrase: ((text: string) => string) | undefined;
  #logFile: string | undefined;
  #titleWidth = NARROWEST_TITLE;
  #step: { title: string; sinceMs: number } | undefined;
  #command: CommandName | undefined;
  /** Kept until their step has ended, or another kind of event comes: they are printed together. */
  #checks: Check[] = [];
  /** What the deploy's verification found, for the summary. */
  #verified: string | undefined;
  /** When progress was last printed, by the events' own time. */
  #progressAtMs = 0;
  readonly #watched = new WatchLine();

  constructor(options: TerminalReporterOptions) {
    const { stream, quiet, isTTY, color, isUnicode = true, width, ticksMs = systemClock.ticksMs } = options;
    this.#options = options;
    this.#ticksMs = ticksMs;
    this.#look = createLook({ color, isUnicode, width });
    this.#phrase = options.phrase;
    this.#live = new LiveLines({ stream, isTTY: isTTY && !quiet, look: this.#look, ticksMs });
  }

  take(taken: StampedEvent): void {
    const event = visibleDeep(taken);
    if (event.type === 'run.finished') this.#command ??= event.command;
    if (event.type !== 'check' && event.type !== 'progress' && !this.#step) this.#flushChecks();
    this.#show(event, Date.parse(event.at));
  }

  stop(): void {
    this.#flushChecks();
    this.#live.hide();
  }

  pause(): void {
    this.#flushChecks();
    this.#live.pause();
  }

  resume(): void {
    this.#live.resume();
  }

  #show(event: RunEvent, atMs: number) {
    switch (event.type) {
      case 'run.started':
        return this.#openRun(event);
      case 'plan':
        return this.#takePlan(event);
      case 'step.started':
        return this.#startStep(event, atMs);
      case 'step.finished':
      case 'step.failed':
        return this.#endStep(event);
      case 'statement.started':
        return this.#startStatement(event);
      case 'statement.finished':
        return this.#tellInDetail(statementOutcomeLines(event, this.#look));
      case 'migration.finished':
        return this.#tell(migrationLines(event, this.#look));
      case 'progress':
        return this.#showProgress(event, atMs);
      case 'check':
        return void this.#checks.push(event);
      case 'summary':
        return this.#tell(summaryLines(event, this.#look));
      case 'rehearsed':
        return;
      case 'accident':
        return this.#tellInDetail(accidentLines(event, this.#look));
      case 'sample':
        return this.#showSample(event, atMs);
      case 'evidence':
        return this.#tell(evidenceLines(event, this.#look));
      case 'verdict':
        return this.#tell(verdictLines(event, this.#look));
      case 'conflict':
      case 'note':
        return 'level' in event && event.level === 'debug'
          ? this.#tellInDetail(noteLines(event, this.#look))
          : this.#tell(noteLines(event, this.#look));
      case 'run.finished':
        return this.#closeRun(event);
      default:
        return unhandled(event);
    }
  }

  #tell(lines: readonly string[]): void {
    if (!this.#options.quiet) this.#live.print(lines);
  }

  #tellInDetail(lines: readonly string[]): void {
    if (this.#options.verbose) this.#tell(lines);
  }

  #flushChecks(): void {
    const checks = this.#checks.filter((check) => !this.#options.quiet || (!check.ok && check.level === 'error'));
    this.#checks = [];
    if (checks.length === 0) return;
    this.#live.print(checkLines(checks, this.#look, this.#extent()));
  }

  #extent(): Extent {
    // Who asks whether messages arrive wants to read of each that it did.
    if (this.#options.verbose || this.#command === 'notify test') return 'all';
    return isAboutChecks(this.#command) && !this.#options.quiet ? 'groups' : 'findings';
  }

  #openRun(event: EventOf<'run.started'>): void {
    this.#logFile = event.logFile;
    this.#command = event.command;
    if (this.#options.verbose || !isListing(event.command)) this.#tell(headerLines(event, this.#look));
  }

  #takePlan(event: EventOf<'plan'>): void {
    this.#titleWidth = Math.max(NARROWEST_TITLE, ...event.steps.map(({ title }) => displayWidth(title)));
    this.#tellInDetail(planLines(event, this.#look));
  }

  #startStep(event: EventOf<'step.started'>, atMs: number): void {
    this.#step = { title: event.title, sinceMs: this.#ticksMs() };
    this.#progressAtMs = atMs;
    this.#live.show(event.title, this.#step.sinceMs);
  }

  #startStatement(event: EventOf<'statement.started'>): void {
    this.#tellInDetail(statementSqlLines(event, this.#look));
    this.#live.show(statementText(event, this.#look), this.#ticksMs());
  }

  #endStep(event: EventOf<'step.finished' | 'step.failed'>): void {
    this.#step = undefined;
    this.#live.hide();
    const result = { titleWidth: this.#titleWidth, title: event.title, ms: event.ms };
    if (event.type === 'step.finished') {
      const detail = [event.detail, countFindings(this.#checks)].filter((part) => part !== undefined).join(', ');
      if (event.id === 'verify') this.#verified = detail;
      this.#tell(resultLines({ ...result, isGood: true, detail }, this.#look));
    } else {
      const lines = resultLines({ ...result, isGood: false }, this.#look);
      this.#live.print([...lines, ...errorLines(event.error, this.#look)]);
    }
    this.#flushChecks();
  }

  #showProgress(event: EventOf<'progress'>, atMs: number): void {
    const title = this.#step?.title ?? event.id;
    const text = `${title} ${this.#look.glyphs.dot} ${progressText(event, this.#look)}`;
    this.#live.show(text, this.#step?.sinceMs ?? this.#ticksMs());
    if (this.#options.isTTY || atMs - this.#progressAtMs < PROGRESS_EVERY_MS) return;
    this.#progressAtMs = atMs;
    this.#tell(indented([text]));
  }

  #showSample(event: EventOf<'sample'>, atMs: number): void {
    this.#watched.take(event);
    const text = this.#watched.line(this.#look);
    this.#live.show(text, this.#ticksMs());
    if (this.#options.isTTY || atMs - this.#progressAtMs < SAMPLE_EVERY_MS) return;
    this.#progressAtMs = atMs;
    this.#tell(indented([text]));
  }

  #closeRun(event: EventOf<'run.finished'>): void {
    this.#live.hide();
    const { quiet } = this.#options;
    const said = { logFile: this.#logFile, verified: this.#verified, quiet, phrase: this.#phrase };
    this.#live.print(closingLines(event, said, this.#look));
  }
}

/** A new kind of event does not compile until it has its lines. */
function unhandled(event: never): never {
  throw new TypeError(`no lines for the event ${JSON.stringify(event)}`);
}
