import type { ColumnRef } from '../../../config/config.ts';
import type { Snapshot, TableShape } from '../../types.ts';
import type { Check } from '../check.ts';
import type { TenantRule } from '../tenant.ts';

/** What the rules look at: the whole schema, and what the configuration declares of it. */
export interface Subject {
  readonly snapshot: Snapshot;
  readonly tenant: TenantRule | undefined;
  readonly references: readonly { readonly from: ColumnRef; readonly to: ColumnRef }[];
}

export interface Finding {
  /** `table`, `table.column` or `table.index`. */
  readonly object: string;
  /** Default: the rule's. */
  readonly level?: Check['level'];
  readonly what: string;
  /** What to type. */
  readonly fix: string;
}

/**
 * One rule about every table. A hint or advice never fails `verify`: the application may rely on what it finds. What
 * contradicts something that the configuration declares is an error.
 */
export interface Rule {
  readonly group: 'schema' | 'tenant' | 'references';
  readonly kind: string;
  /** How the check is called when nothing is found. */
  readonly holds: string;
  readonly level: Check['level'];
  /** Why it matters; also the headline of what is found. */
  readonly why: string;
  find(subject: Subject): Finding[];
}

export function checkRule(rule: Rule, subject: Subject): Check[] {
  const { group, kind, why } = rule;
  const found = rule.find(subject);
  if (found.length === 0) {
    return [{ group, name: rule.holds, ok: true, level: rule.level, detail: countTables(subject.snapshot) }];
  }
  return found.map(({ object, level = rule.level, what, fix }) => ({
    group,
    name: `${kind} ${object}`,
    ok: false,
    level,
    detail: `${what}: ${why}`,
    remedy: fix,
    kind,
    headline: why,
    object,
  }));
}

/** Every table with what it is made of, by name. */
export function tablesOf(snapshot: Snapshot): { readonly name: string; readonly shape: TableShape }[] {
  return [...snapshot.objects.values()]
    .flatMap(({ name, table }) => (table ? [{ name, shape: table }] : []))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function countTables(snapshot: Snapshot): string {
  const count = tablesOf(snapshot).length;
  return count === 1 ? '1 table' : `${count} tables`;
}
