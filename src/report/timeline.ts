import { html, type Markup } from './html.ts';
import type { Story, ToldStep } from './story.ts';

const ROW = 22;
const LABELS = 260;
const WIDTH = 800;
const AXIS = 24;
const NARROWEST = 2;

/** The steps as bars on one axis of time, the window in which the site was down marked. Inline SVG without script. */
export function timeline({ steps, lastAt }: Story): Markup {
  const [first] = steps;
  if (!first) return html`<p class="quiet">No step was begun.</p>`;
  const start = Date.parse(first.startedAt);
  const ends = steps.map((step) => endOf(step, lastAt));
  const total = Math.max(1, ...ends.map((end) => end - start));
  const x = (at: number) => LABELS + ((at - start) / total) * (WIDTH - LABELS);
  const height = AXIS + steps.length * ROW;
  const window = windowOf(steps, lastAt);
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${describe(steps, total)}">
${
  window &&
  html`<rect class="window" x="${fixed(x(window.from))}" y="0" width="${fixed(x(window.to) - x(window.from))}" height="${height}"/>
<text x="${fixed(x(window.from) + 3)}" y="14">site down</text>`
}
${steps.map((step, index) => {
  const from = Date.parse(step.startedAt);
  const width = Math.max(NARROWEST, x(ends[index] ?? from) - x(from));
  const y = AXIS + index * ROW;
  return html`<text x="0" y="${y + 15}">${cut(step.title)}</text><rect class="${step.error === undefined ? 'bar' : 'failed'}" x="${fixed(Math.min(x(from), WIDTH - NARROWEST))}" y="${y + 4}" width="${fixed(width)}" height="${ROW - 8}"/>`;
})}
</svg>`;
}

function endOf({ startedAt, ms }: ToldStep, lastAt: string): number {
  return ms === undefined ? Date.parse(lastAt) : Date.parse(startedAt) + ms;
}

/** From the beginning of "maintenance on" to the end of "maintenance off". */
function windowOf(steps: readonly ToldStep[], lastAt: string) {
  const down = steps.find(({ id }) => id === 'maintenance-on');
  if (!down) return undefined;
  const up = steps.findLast(({ id, ms }) => id.startsWith('maintenance-off') && ms !== undefined);
  return { from: Date.parse(down.startedAt), to: up ? endOf(up, lastAt) : Date.parse(lastAt) };
}

function describe(steps: readonly ToldStep[], totalMs: number): string {
  return `${steps.length} steps in ${(totalMs / 1000).toFixed(1)} seconds, in the order of the table below`;
}

function cut(title: string): string {
  return title.length > 38 ? `${title.slice(0, 37)}…` : title;
}

function fixed(n: number): string {
  return n.toFixed(1);
}
