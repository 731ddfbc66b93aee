import type { Evidence, Sample } from './evidence.ts';
import type { Judged } from './verdict.ts';
import { counted } from './words.ts';

const SOURCES: Record<Evidence['source'], string> = {
  database: 'Database',
  query: 'Queries',
  health: 'Site',
  log: 'Logs',
  verify: 'Data',
  resources: 'Disks',
};

/** PURE: the checklist of the end: each source with what it has seen, and the worst of what it says. */
export function checkpointRows(samples: readonly Sample[], { evidence }: Judged): [label: string, value: string][] {
  return (Object.keys(SOURCES) as Evidence['source'][]).map((source) => {
    const own = evidence.filter((one) => one.source === source);
    const found =
      own.length === 0 ? 'nothing found' : own.map(({ severity, what }) => `${severity}: ${what}`).join('; ');
    return [SOURCES[source], `${seenBy(source, samples)}, ${found}`];
  });
}

function seenBy(source: Evidence['source'], samples: readonly Sample[]): string {
  const sum = (of: (sample: Sample) => number) => counted(samples.reduce((total, sample) => total + of(sample), 0));
  switch (source) {
    case 'database':
      return `${sum(({ database }) => database?.statements ?? 0)} statements of others`;
    case 'query':
      return `${counted(samples.findLast(({ queries }) => queries)?.queries?.length ?? 0)} queries compared`;
    case 'health':
      return `asked ${sum(({ health }) => (health ? 1 : 0))} times`;
    case 'log':
      return `${sum(({ logs }) => logs.reduce((total, { count }) => total + count, 0))} notable entries`;
    case 'verify':
      return `verified ${sum(({ data }) => (data ? 1 : 0))} times`;
    case 'resources':
      return `${counted(samples.at(-1)?.spaces.length ?? 0)} looked at`;
  }
}
