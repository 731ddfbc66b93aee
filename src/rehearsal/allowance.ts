import { suggest } from '../config/problems.ts';
import type { Migration } from '../migrations/types.ts';
import { FINDING_NAMES, type Finding } from './finding.ts';

/** Without the findings that their own migration allows by name. What was there before no migration can allow. */
export function withoutAllowed(findings: readonly Finding[], migrations: readonly Migration[]): Finding[] {
  const allowed = new Set(migrations.flatMap(({ version, allows }) => allows.map(({ name }) => `${version}\n${name}`)));
  return findings.filter(({ version, name }) => !allowed.has(`${version}\n${name}`));
}

/** A slip of the pen in a name would be passed over, and what it should silence stays. */
export function findUnknownAllowances(migrations: readonly Migration[]): Finding[] {
  return migrations.flatMap(({ version, allows }) =>
    allows
      .filter(({ name }) => !FINDING_NAMES.some((known) => known === name))
      .map(({ name, line }) => ({
        name: 'unknown-allowance',
        level: 'advice',
        group: 'rehearsal',
        version,
        object: `line ${line}`,
        what: `-- migrate:allow ${name} allows nothing: no finding has this name`,
        why: 'what it was written for is told all the same',
        fix: suggest(name, FINDING_NAMES),
      })),
  );
}
