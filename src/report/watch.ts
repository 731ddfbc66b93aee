import { formatDuration } from '../terminal/style.ts';
import type { Evidence, Sample } from '../watch/evidence.ts';
import type { Judgement } from '../watch/record.ts';
import { html, type Markup } from './html.ts';
import { section, short, table } from './parts.ts';

/** The watch of a run: how it ended, and every look, oldest first. */
export interface ToldWatch {
  readonly judgement: Judgement;
  readonly samples: readonly Sample[];
}

/** A chart has so many points; each is the highest value of the looks that it stands for. */
const POINTS = 200;
const HEIGHT = 40;

/** The verdict, why, and what the looks were like. */
export function watchSection({ judgement, samples }: ToldWatch): Markup {
  const { verdict, at, because, evidence } = judgement;
  return section(
    'Watch',
    html`<p class="state ${verdict === 'healthy' ? 'good' : verdict === 'minor' || verdict === 'inconclusive' ? 'warn' : 'bad'}">The verdict is ${verdict}.</p>
<p class="quiet">${at}, after ${samples.length === 1 ? '1 look' : `${samples.length} looks`}${lasted(samples)}</p>
${because.map((sentence) => html`<p>${short(sentence)}</p>`)}
${evidence.length > 0 && table(['Severity', 'Source', 'What', 'First'], evidence.map(evidenceRow))}
${CHARTS.flatMap(({ label, of }) => chart(label, samples.map(of)))}`,
  );
}

function evidenceRow({ severity, source, what, firstMs }: Evidence): (string | Markup)[] {
  const kind = severity === 'minor' ? 'warn' : 'bad';
  return [html`<span class="verdict ${kind}">${severity}</span>`, source, short(what), new Date(firstMs).toISOString()];
}

function lasted(samples: readonly Sample[]): string {
  const [first, last] = [samples[0], samples.at(-1)];
  return first && last && last.atMs > first.atMs ? ` in ${formatDuration(last.atMs - first.atMs)}` : '';
}

const CHARTS: readonly { readonly label: string; readonly of: (sample: Sample) => number | undefined }[] = [
  { label: 'errors', of: errorsIn },
  { label: 'answer of the site, ms', of: ({ health }) => health?.ms },
  { label: 'threads running', of: ({ database }) => database?.threadsRunning },
];

function errorsIn({ database, logs }: Sample): number {
  const counted = Object.values(database?.counts ?? {}).reduce<number>((sum, count) => sum + (count ?? 0), 0);
  return counted + logs.reduce((sum, { count, isError, matched }) => sum + (isError || matched ? count : 0), 0);
}

/** A line over the time of the watch. Where nothing was seen it has a gap. */
function chart(label: string, values: readonly (number | undefined)[]): Markup[] {
  const known = values.filter((value) => value !== undefined);
  if (known.length < 2) return [];
  const highest = known.reduce((most, value) => Math.max(most, value), 0);
  const points = gathered(values);
  const x = (index: number) => ((index / Math.max(1, points.length - 1)) * 100).toFixed(2);
  const y = (value: number) => (HEIGHT - 2 - (value / Math.max(1, highest)) * (HEIGHT - 4)).toFixed(1);
  const path = points.map((value, index) =>
    value === undefined ? '' : `${points[index - 1] === undefined ? 'M' : 'L'}${x(index)} ${y(value)}`,
  );
  const text = `${label}: at most ${Math.round(highest)}`;
  const line = html`<p class="quiet">${text}</p><svg viewBox="0 0 100 ${HEIGHT}" width="100%" height="${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${text}"><path class="line" d="${path.join('')}"/></svg>`;
  return [line];
}

function gathered(values: readonly (number | undefined)[]): (number | undefined)[] {
  const size = Math.ceil(values.length / POINTS);
  return Array.from({ length: Math.ceil(values.length / size) }, (_, index) => {
    const known = values.slice(index * size, (index + 1) * size).filter((value) => value !== undefined);
    return known.length > 0 ? Math.max(...known) : undefined;
  });
}
