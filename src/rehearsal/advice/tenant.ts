import { checkTenant, type TenantRuleName, tenantRuleName } from '../../schema/checks/tenant.ts';
import type { Snapshot } from '../../schema/types.ts';
import type { Finding } from '../finding.ts';
import { blame, type Review } from './review.ts';

/** All errors: `verify` would refuse the same after a deploy, with the site down. */
const WHY: Record<TenantRuleName, string> = {
  'tenant-column': 'its rows belong to nobody: no query can keep the tenants apart, and they outlive their tenant',
  'tenant-not-null': 'a row without a tenant is seen by nobody and deleted by nothing',
  'tenant-cascade': 'when a tenant is deleted its rows stay behind as orphans, or the deletion is refused',
  'tenant-index': 'every query of one tenant reads the rows of all of them',
};

/** Countries, settings, plans: what is the same for all tenants. */
const SAY_SO = 'say that it is for all of them: -- migrate:allow tenant-column REASON';

/** The four rules of schema/tenant.ts for a table that was made, or that has the tenant column now. */
export function adviseOnTenant(review: Review): Finding[] {
  const { tenant, after } = review.input;
  const hasColumn = (shape: Review['before']) => shape?.columns.some(({ name }) => name === tenant?.column) ?? false;
  if (!tenant || (review.before && !hasColumn(review.shape))) return [];
  const { table, nameBefore } = review;
  const breaches = (snapshot: Snapshot, name: string) =>
    checkTenant(snapshot, tenant, [name]).filter((check) => !check.ok);
  const earlier = hasColumn(review.before) ? breaches(review.input.before, nameBefore) : [];
  return breaches(after, table).map((check) => {
    const name = tenantRuleName(check);
    const isNew = !earlier.some((one) => one.name.slice(nameBefore.length) === check.name.slice(table.length));
    return {
      name,
      ...blame(review, { name: tenant.column, isNew, level: 'error' }),
      group: 'tenant',
      object: `${table}.${tenant.column}`,
      what: check.detail,
      why: WHY[name],
      fix: name === 'tenant-column' ? `${check.remedy}, or ${SAY_SO}` : (check.remedy ?? ''),
    };
  });
}
