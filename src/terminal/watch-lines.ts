import type { EventOf } from './event-lines.ts';
import { indented } from './event-lines.ts';
import type { Look } from './look.ts';
import { formatDuration, plural, wrapText } from './style.ts';

const BARS = '▁▂▃▄▅▆▇█';
/** So many looks are drawn. */
const DRAWN = 16;
const UNICODE = '·';

/** The one live line of a watch: time left, verdict so far, traffic, errors, the site. */
export class WatchLine {
  readonly #statements: number[] = [];
  readonly #errors: number[] = [];
  #last: EventOf<'sample'> | undefined;

  take(event: EventOf<'sample'>): void {
    this.#last = event;
    keep(this.#statements, event.counters?.statements ?? 0);
    keep(this.#errors, errorsOf(event));
  }

  line({ glyphs }: Look): string {
    const last = this.#last;
    if (!last) return '';
    const drawn = (values: readonly number[]) => (glyphs.dot === UNICODE ? `${sparkline(values)} ` : '');
    const { counters, health } = last;
    const parts = [
      `${formatDuration(last.leftMs)} left`,
      last.verdict,
      counters ? `${drawn(this.#statements)}${plural(counters.statements ?? 0, 'statement')}` : 'no database',
      `${drawn(this.#errors)}${plural(errorsOf(last), 'error')}`,
      ...(health ? [health.status === null ? 'no answer' : `${health.status} in ${Math.round(health.ms)} ms`] : []),
      ...(counters ? [plural(counters.threadsRunning ?? 0, 'thread')] : []),
    ];
    return parts.join(` ${glyphs.dot} `);
  }
}

function keep(values: number[], value: number): void {
  values.push(value);
  if (values.length > DRAWN) values.shift();
}

function errorsOf({ counters, logs }: EventOf<'sample'>): number {
  const { foreignKey = 0, schema = 0, deadlock = 0, lockTimeout = 0 } = counters ?? {};
  return foreignKey + schema + deadlock + lockTimeout + logs.errors;
}

/** The highest value fills the line. */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(1, ...values);
  return values.map((value) => BARS[Math.round((value / most) * (BARS.length - 1))] ?? '').join('');
}

export function evidenceLines(event: EventOf<'evidence'>, { palette, glyphs, width }: Look): string[] {
  const paint = event.severity === 'minor' ? palette.warning : palette.bad;
  const glyph = event.severity === 'minor' ? glyphs.warning : glyphs.bad;
  const [first = '', ...rest] = wrapText(`${event.severity}: ${event.what}`, width - 2);
  return [paint(`${glyph} ${first}`), ...indented(rest).map(paint)];
}

export function verdictLines(event: EventOf<'verdict'>, { palette, glyphs, width }: Look): string[] {
  const isGood = event.verdict === 'healthy';
  const glyph = isGood ? palette.good(glyphs.good) : palette.warning(glyphs.warning);
  const [because = ''] = event.because;
  const [first = '', ...rest] = wrapText(`${event.checkpoint}: ${event.verdict}: ${because}`, width - 2);
  return [`${glyph} ${first}`, ...indented(rest)];
}
