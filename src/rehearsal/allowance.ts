import type { Migration } from '../migrations/types.ts';
import type { Finding } from './finding.ts';

/** Without the findings that their own migration allows by name. What was there before no migration can allow. */
export function withoutAllowed(findings: readonly Finding[], migrations: readonly Migration[]): Finding[] {
  const allowed = new Set(migrations.flatMap(({ version, allows }) => allows.map(({ name }) => `${version}\n${name}`)));
  return findings.filter(({ version, name }) => !allowed.has(`${version}\n${name}`));
}
