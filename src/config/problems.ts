import { ExitCode, Failure } from '../errors.ts';

/** One thing wrong with the configuration. */
export interface Problem {
  /** The key, as `backup.keep.last`; for what has no key, the place: a file or an environment variable. */
  readonly path: string;
  /** What was found and what was expected. Never holds a secret. */
  readonly text: string;
}

/** All problems at once, exit 78. `next` is the command to type when they are solved. */
export function configurationFailure(problems: readonly Problem[], next: string): Failure {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  const lines = problems.map(({ path, text }) => `  ${path}: ${text}`);
  return new Failure([`the configuration has ${count}`, ...lines].join('\n'), {
    exitCode: ExitCode.configuration,
    production: 'unchanged',
    state: 'nothing was started, production is unchanged',
    next,
  });
}

/** The configuration cannot even be read, so nothing else can be told about it. */
export function failedToRead(place: string, text: string): Failure {
  return configurationFailure([{ path: place, text }], 'gateway-migrate doctor');
}

/** `did you mean "host"?`, or the list of what is possible when nothing is near. */
export function suggest(wrong: string, known: readonly string[]): string {
  const nearest = known
    .map((name) => ({ name, distance: editDistance(wrong.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const isNear = nearest !== undefined && nearest.distance <= Math.max(2, Math.floor(wrong.length / 4));
  return isNear ? `did you mean "${nearest.name}"?` : `expected one of ${known.join(', ')}`;
}

/** Letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  const cell = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = cell(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? cell(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      (rows[i] as number[])[j] = Math.min(cell(i - 1, j) + 1, cell(i, j - 1) + 1, replaced, swapped);
    }
  }
  return cell(a.length, b.length);
}
