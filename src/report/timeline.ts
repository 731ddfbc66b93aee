import { html, type Markup } from './html.ts';
import type { Story, ToldStep } from './story.ts';

/** Pixels: a line of text, and its bar below. */
const ROW = 34;
const AXIS = 20;
/** Of the width, so that a step of a moment is seen too. */
const NARROWEST = 0.4;

/**
 * The steps as bars on one axis of time, the window in which the site was down marked. Inline SVG without script; widths
 * are shares, so that on a phone the text is as large as elsewhere.
 */
export function timeline({ steps, lastAt }: Story): Markup {
  const [first] = steps;
  if (!first) return html`<p class="quiet">No step was begun.</p>`;
  const start = Date.parse(first.startedAt);
  const ends = steps.map((step) => endOf(step, lastAt));
  const total = Math.max(1, ...ends.map((end) => end - start));
  const share = (ms: number) => (ms / total) * 100;
  const height = AXIS + steps.length * ROW;
  return html`<svg width="100%" height="${height}" role="img" aria-label="${describe(steps, total)}">
${windowMark(windowOf(steps, lastAt), (at) => share(at - start), height)}
${steps.map((step, index) => {
  const from = Date.parse(step.startedAt);
  const width = Math.max(NARROWEST, share((ends[index] ?? from) - from));
  const y = AXIS + index * ROW;
  return html`<text x="0" y="${y + 13}">${cut(step.title)}</text><rect class="${step.error === undefined ? 'bar' : 'failed'}" x="${percent(Math.min(share(from - start), 100 - width))}" y="${y + 18}" width="${percent(width)}" height="10"/>`;
})}
</svg>`;
}

function windowMark(
  window: { readonly from: number; readonly to: number } | undefined,
  x: (at: number) => number,
  height: number,
): Markup | undefined {
  if (!window) return undefined;
  const [from, to] = [x(window.from), x(window.to)];
  const text =
    from < 50
      ? html`<text x="${percent(from)}" y="14">site down`
      : html`<text x="${percent(to)}" y="14" text-anchor="end">site down`;
  return html`<rect class="window" x="${percent(from)}" y="0" width="${percent(to - from)}" height="${height}"/>${text}</text>`;
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
  return title.length > 48 ? `${title.slice(0, 47)}…` : title;
}

function percent(share: number): string {
  return `${share.toFixed(2)}%`;
}
