import type { Migration } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import type { Check } from '../../schema/checks/check.ts';
import type { TenantRule } from '../../schema/checks/tenant.ts';
import { migrationOf } from '../advice/review.ts';
import type { Finding } from '../finding.ts';
import type { Family } from './family.ts';
import type { Plantation } from './planting.ts';

/** What the parts of the probe work on, and where they put what they saw. */
export interface Probe {
  readonly session: Session;
  readonly tenant: TenantRule;
  readonly family: Family;
  readonly plantation: Plantation;
  /** The tables that the migrations make or change. */
  readonly tables: readonly string[];
  readonly migrations: readonly Migration[];
  readonly checks: Check[];
  readonly findings: Finding[];
}

interface Weight {
  readonly level?: Check['level'];
  /** The finding that says the same: a migration that allows it allows this too. */
  readonly allowedBy?: string;
  /** What that finding is about, by which its migration is known. Default: the table. */
  readonly word?: string;
}

/** A check of the probe; it fails as an error in the migrations' own tables only, and not where they allow it. */
export function check(
  probe: Probe,
  table: string,
  what: string,
  ok: boolean,
  detail: string,
  weight: Weight = {},
): void {
  const { allowedBy, word = table } = weight;
  const isOwn = probe.tables.includes(table);
  const allows = ok || !isOwn ? [] : (migrationOf(probe.migrations, table, word)?.allows ?? []);
  const allowance = allows.find(({ name }) => name === allowedBy);
  const level = weight.level ?? (isOwn && !allowance ? 'error' : 'advice');
  const told = allowance ? `${detail} (allowed: ${allowance.reason})` : detail;
  probe.checks.push({ group: 'cascade', name: `${table}: ${what}`, ok, level, detail: told });
}

/** An error in the tables of the migrations, advice in those that were there before. */
export function find(
  probe: Probe,
  table: string,
  finding: Pick<Finding, 'name' | 'what' | 'why' | 'fix'> & {
    readonly level?: Finding['level'];
    readonly word?: string;
  },
): void {
  const { word = table, ...words } = finding;
  const isOwn = probe.tables.includes(table);
  probe.findings.push({
    level: isOwn ? 'error' : 'advice',
    group: 'cascade',
    version: isOwn ? migrationOf(probe.migrations, table, word)?.version : undefined,
    object: table,
    ...words,
  });
}

/** Does something within the probe's transaction and takes it back. */
export async function tentatively<T>(session: Session, action: () => Promise<T>): Promise<T> {
  await session.execute('SAVEPOINT tentative');
  try {
    return await action();
  } finally {
    await session.execute('ROLLBACK TO SAVEPOINT tentative');
  }
}

export function errnoOf(error: unknown): number {
  return (error as { errno?: number }).errno ?? 0;
}
