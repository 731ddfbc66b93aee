/** What one contender took, in milliseconds, or in the unit of its table. */
export interface Figure {
  readonly contender: string;
  readonly medianMs: number;
  /** The middle half of all runs lies between these. */
  readonly quartilesMs: readonly [number, number];
  readonly allMs: readonly number[];
}

export interface Table {
  readonly title: string;
  /** The figures are given as multiples of this contender too. */
  readonly baseline: string;
  readonly figures: readonly Figure[];
  /** Default: `ms`. */
  readonly unit?: 'MB' | undefined;
}

export function toFigure(contender: string, allMs: readonly number[]): Figure {
  return {
    contender,
    medianMs: quantile(allMs, 0.5),
    quartilesMs: [quantile(allMs, 0.25), quantile(allMs, 0.75)],
    allMs,
  };
}

/** Linear between the two nearest values. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** Lines for people: median, middle half, multiple of the baseline. */
export function renderTable({ title, baseline, figures, unit }: Table): string {
  const baseMs = figures.find((figure) => figure.contender === baseline)?.medianMs ?? Number.NaN;
  const rows = figures.map(({ contender, medianMs, quartilesMs: [low, high] }) => [
    contender,
    `${medianMs.toFixed(1)} ${unit ?? 'ms'}`,
    `${low.toFixed(1)} – ${high.toFixed(1)}`,
    `${(medianMs / baseMs).toFixed(2)} ×`,
  ]);
  const header = ['', 'median', 'middle half', baseline];
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ');
  return [title, ...[header, ...rows].map((row) => `  ${line(row)}`)].join('\n');
}
