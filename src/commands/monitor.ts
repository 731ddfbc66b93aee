import type { Config } from '../config/config.ts';
import { ExitCode, type Interrupted } from '../errors.ts';
import { describeTarget } from '../preflight/reach.ts';
import { pagePath } from '../report/write.ts';
import { isoWithOffset } from '../system/clock.ts';
import { readBaseline, takeBaseline } from '../watch/baseline.ts';
import { checkpointRows } from '../watch/checkpoint.ts';
import type { Sample, Verdict } from '../watch/evidence.ts';
import { openRecord, readKept } from '../watch/record.ts';
import type { Judged } from '../watch/verdict.ts';
import { type LookPlace, type WatchTimes, watch } from '../watch/watch.ts';
import { dataWatcher } from './monitor/data.ts';
import { findSubject, type Subject } from './monitor/subject.ts';
import { EvidenceTeller, nextAfter, sampleEvent, verdictEvent } from './monitor/telling.ts';
import { aftermathOfWatch } from './shared/aftermath.ts';
import { beginReading } from './shared/begin.ts';
import type { Invocation } from './shared/invocation.ts';
import { DONE, type Ending, withRun } from './shared/with-run.ts';

export interface MonitorOptions {
  /** Milliseconds; default: the configuration's. */
  readonly forMs?: number | undefined;
  readonly everyMs?: number | undefined;
  readonly run?: string | undefined;
  /** Default: ask on a terminal, else report. */
  readonly onMajor?: 'ask' | 'rollback' | 'report' | undefined;
}

/** Watches a deploy until a verdict is certain or the time is over. Changes nothing, save where it is to roll back. */
export async function monitorCommand(options: MonitorOptions, invocation: Invocation): Promise<ExitCode> {
  let rollBack: string | undefined;
  const exitCode = await withRun('monitor', invocation, async () => {
    const config = await beginReading('monitor', invocation);
    const subject = await findSubject(options.run, config);
    const watching = new Watching(subject, config, options, invocation);
    const judged = await watching.run();
    if (watching.wantsRollback) rollBack = subject.run;
    const judgement = {
      ...judged,
      at: isoWithOffset(invocation.clock.now()),
      next: nextAfter(judged.verdict, subject.run),
    };
    const afterwards = async () => {
      const watched = { run: subject.run, folder: subject.folder, target: describeTarget(config.database) };
      await aftermathOfWatch(config, watched, judgement, invocation);
      return { report: pagePath(subject.folder) };
    };
    return { ...endingOf(judged, subject.run, invocation.signal), afterwards };
  });
  if (rollBack === undefined) return exitCode;
  const { rollbackCommand } = await import('./rollback.ts');
  // Who has said yes to this rollback, here or with --on-major, is not asked again.
  const consenting = { ...invocation, prompt: { ...invocation.prompt, confirm: async () => true } };
  const undone = await rollbackCommand({ run: rollBack, discardNewRows: false, maintenance: true }, consenting);
  return undone === ExitCode.done ? exitCode : undone;
}

/** Looks that say major, one after the other, before it is believed. */
const LOOKS_AGREE = 2;

class Watching {
  wantsRollback = false;
  readonly #subject: Subject;
  readonly #config: Config;
  readonly #invocation: Invocation;
  readonly #times: WatchTimes;
  readonly #teller = new EvidenceTeller();
  #onMajor: 'ask' | 'rollback' | 'report' | 'go on';
  #majorLooks = 0;

  constructor(subject: Subject, config: Config, options: MonitorOptions, invocation: Invocation) {
    this.#subject = subject;
    this.#config = config;
    this.#invocation = invocation;
    const { forMs, everyMs, checkpointsMs } = config.monitor;
    this.#times = { forMs: options.forMs ?? forMs, everyMs: options.everyMs ?? everyMs, checkpointsMs };
    this.#onMajor = options.onMajor ?? (invocation.prompt.isInteractive ? 'ask' : 'report');
  }

  async run(): Promise<Judged> {
    const { hub, http, clock, signal } = this.#invocation;
    const { folder, tables, scope } = this.#subject;
    const samples: Sample[] = [];
    const record = openRecord(folder);
    try {
      const judged = await watch({
        ...this.#times,
        ...{ config: this.#config, tables, http, clock, signal },
        baseline: await this.#baseline(),
        earlier: await readKept(folder),
        lookAtData: dataWatcher(this.#config, scope),
        tell: (text) => hub.report({ type: 'note', level: 'warning', text }),
        keep: (kept) => record.keep(kept),
        onLook: (sample, so, place) => {
          samples.push(sample);
          return this.#onLook(sample, so, place);
        },
      });
      hub.report({ type: 'summary', title: `Watched ${this.#subject.run}`, rows: checkpointRows(samples, judged) });
      return judged;
    } finally {
      record.close();
    }
  }

  async #baseline() {
    const noted = await readBaseline(this.#subject.folder);
    if (noted) return noted;
    const text = `nothing was noted before run ${this.#subject.run}: what is here now is what the watch compares with`;
    this.#invocation.hub.report({ type: 'note', level: 'warning', text });
    return takeBaseline(this.#config, this.#subject.tables, this.#invocation);
  }

  /** False: the watch ends with this look. */
  async #onLook(sample: Sample, judged: Judged, place: LookPlace): Promise<boolean> {
    const { hub, signal } = this.#invocation;
    hub.report(sampleEvent(sample, judged, Math.max(0, this.#times.forMs - place.elapsedMs)));
    for (const event of this.#teller.news(judged.evidence)) hub.report(event);
    const isCertain = this.#isCertain(judged.verdict);
    const isOver = place.isLast || signal.aborted;
    if (place.checkpointMs !== undefined || isCertain || isOver) {
      hub.report(verdictEvent(judged, place, this.#subject.run));
    }
    if (!isCertain || signal.aborted) return true;
    return judged.verdict === 'critical' ? false : this.#answerMajor();
  }

  /** Damage is counted, not guessed; everything else has to be seen twice. */
  #isCertain(verdict: Verdict): boolean {
    if (this.#onMajor === 'go on') return verdict === 'critical';
    this.#majorLooks = verdict === 'major' ? this.#majorLooks + 1 : 0;
    return verdict === 'critical' || this.#majorLooks >= LOOKS_AGREE;
  }

  async #answerMajor(): Promise<boolean> {
    if (this.#onMajor === 'report') return false;
    if (this.#onMajor === 'ask' && !(await this.#invocation.prompt.confirm('Roll back now?'))) {
      this.#onMajor = 'go on';
      return true;
    }
    this.wantsRollback = true;
    return false;
  }
}

function endingOf({ verdict, because }: Judged, run: string, signal: AbortSignal): Ending {
  const next = nextAfter(verdict, run);
  const state = 'production is as the deploy left it: a watch changes nothing';
  const reasons = because.join('; ') || 'it has seen nothing yet';
  if (signal.aborted) {
    const what = `${(signal.reason as Interrupted).message}; the verdict so far is ${verdict}: ${reasons}`;
    return { exitCode: ExitCode.interrupted, production: 'unchanged', verdict, error: { what, state, next } };
  }
  if (verdict === 'healthy' || verdict === 'minor') return { ...DONE, verdict };
  const error = { what: `the verdict is ${verdict}: ${reasons}`, state, next };
  return { exitCode: ExitCode.finding, production: 'unchanged', verdict, error };
}
