import { checkTenant } from '../../schema/tenant.ts';
import type { Snapshot } from '../../schema/types.ts';
import type { Finding } from '../finding.ts';
import { blame, type Review } from './review.ts';

interface Rule {
  readonly name: string;
  readonly level: Finding['level'];
  readonly why: string;
}

/** By how the check is called in schema/tenant.ts, behind the column's name. */
const RULES: readonly (readonly [suffix: RegExp, rule: Rule])[] = [
  [
    / exists$/,
    {
      name: 'tenant-column',
      level: 'advice',
      why: 'its rows belong to nobody: no query can keep the tenants apart, and they outlive their tenant',
    },
  ],
  [
    / is NOT NULL$/,
    { name: 'tenant-not-null', level: 'error', why: 'a row without a tenant is seen by nobody and deleted by nothing' },
  ],
  [
    / is a foreign key /,
    {
      name: 'tenant-cascade',
      level: 'error',
      why: 'when a tenant is deleted its rows stay behind as orphans, or the deletion is refused',
    },
  ],
  [
    / leads an index$/,
    { name: 'tenant-index', level: 'error', why: 'every query of one tenant reads the rows of all of them' },
  ],
];

/** The four rules of schema/tenant.ts for a table that was made, or that has the tenant column now. */
export function adviseOnTenant(review: Review): Finding[] {
  const { tenant, after } = review.input;
  const hasColumn = (shape: Review['before']) => shape?.columns.some(({ name }) => name === tenant?.column) ?? false;
  if (!tenant || (review.before && !hasColumn(review.shape))) return [];
  const { table, nameBefore } = review;
  const breaches = (snapshot: Snapshot, name: string) =>
    checkTenant(snapshot, tenant, [name]).filter((check) => !check.ok);
  const earlier = hasColumn(review.before) ? breaches(review.input.before, nameBefore) : [];
  return breaches(after, table).flatMap((check) => {
    const rule = RULES.find(([suffix]) => suffix.test(check.name))?.[1];
    if (!rule) return [];
    const isNew = !earlier.some(({ name }) => name.slice(nameBefore.length) === check.name.slice(table.length));
    return [
      {
        name: rule.name,
        ...blame(review, { name: tenant.column, isNew, level: rule.level }),
        group: 'tenant',
        object: `${table}.${tenant.column}`,
        what: check.detail,
        why: rule.why,
        fix: check.remedy ?? '',
      },
    ];
  });
}
