import { suggest } from '../config/problems.ts';
import type { Migration } from '../migrations/types.ts';
import { FINDING_NAMES, type Finding, type FindingName } from './finding.ts';

/** The rehearsal stopped there, and is no evidence of what comes after: a reason in the file does not make it one. */
const STOPS: readonly FindingName[] = ['names-a-database', 'acts-on-the-server', 'cannot-be-watched'];

/** Without the findings that their own migration allows by name. What was there before no migration can allow. */
export function withoutAllowed(findings: readonly Finding[], migrations: readonly Migration[]): Finding[] {
  const allowed = new Set(migrations.flatMap(({ version, allows }) => allows.map(({ name }) => `${version}\n${name}`)));
  return findings.filter(({ version, name }) => STOPS.includes(name) || !allowed.has(`${version}\n${name}`));
}

const ALLOWABLE = FINDING_NAMES.filter((name) => !STOPS.includes(name));

/** A slip of the pen in a name would be passed over, and what it should silence stays. */
export function findUnknownAllowances(migrations: readonly Migration[]): Finding[] {
  return migrations.flatMap(({ version, allows }) =>
    allows
      .filter(({ name }) => !ALLOWABLE.some((known) => known === name))
      .map(({ name, line }) => ({
        name: 'unknown-allowance',
        level: 'advice',
        group: 'rehearsal',
        version,
        object: `line ${line}`,
        what: `-- migrate:allow ${name} allows nothing: no finding that can be allowed has this name`,
        why: 'what it was written for is told all the same',
        fix: suggest(name, ALLOWABLE),
      })),
  );
}
