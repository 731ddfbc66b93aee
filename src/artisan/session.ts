import type { Statement } from '../migrations/types.ts';

/** What of a connection decides what a statement means. */
export interface SessionSettings {
  readonly sqlMode: string;
  readonly collation: string;
  readonly timeZone: string;
}

export const READ_SETTINGS =
  'SELECT @@sql_mode AS sqlMode, @@collation_connection AS collation, @@time_zone AS timeZone';

/** They say no more than what is refused, and on the clone nothing was. */
const ONLY_REFUSES = new Set([
  'ONLY_FULL_GROUP_BY',
  'NO_ZERO_IN_DATE',
  'NO_ZERO_DATE',
  'ERROR_FOR_DIVISION_BY_ZERO',
  'NO_AUTO_CREATE_USER',
]);
/** Names, types and options alone: neither times, nor texts that are compared, nor rows. */
const PLAIN = /^(?:CREATE|DROP|RENAME) (?:TABLE|INDEX|UNIQUE INDEX|FULLTEXT INDEX|SPATIAL INDEX)$/;
const HAS_ROWS = /\b(?:SELECT|TABLE\s+`)/i;

/**
 * PURE: the SET statements that make a connection of ours mean what Laravel's would, by its configuration (`strict`, `modes`,
 * `collation`, `timezone`); none where they make no difference, for a migration that sets nothing is applied faster.
 */
export function settingsFor(section: readonly Statement[], ours: SessionSettings, laravels: SessionSettings): string[] {
  const isPlain = section.every(
    ({ verb, text }) => PLAIN.test(verb) && !HAS_ROWS.test(text.replace(/^\s*\w+\s+TABLE/i, '')),
  );
  if (section.length === 0) return [];
  const [own, wanted] = [ours, laravels].map(({ sqlMode }) => modesOf(sqlMode, isPlain)) as [string, string];
  return [
    ...(own === wanted ? [] : [`SET SESSION sql_mode = '${laravels.sqlMode}'`]),
    ...(isPlain || ours.collation === laravels.collation
      ? []
      : [`SET SESSION collation_connection = '${laravels.collation}'`]),
    ...(isPlain || ours.timeZone === laravels.timeZone ? [] : [`SET SESSION time_zone = '${laravels.timeZone}'`]),
  ];
}

function modesOf(sqlMode: string, isPlain: boolean): string {
  const modes = sqlMode.split(',').filter((mode) => mode !== '' && !(isPlain && ONLY_REFUSES.has(mode)));
  return modes.sort().join(',');
}
