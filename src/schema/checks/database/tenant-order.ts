import { type Rule, tablesOf } from './rule.ts';

/** A composite index that holds the tenant, and not in the first place. */
export const tenantOrder: Rule = {
  group: 'tenant',
  kind: 'tenant-not-first',
  holds: 'every index that holds the tenant begins with it',
  level: 'hint',
  why: 'a query of one tenant that names none of the columns before it cannot use the index',
  find: ({ snapshot, tenant }) =>
    tablesOf(snapshot).flatMap(({ name, shape }) =>
      shape.indexes
        .filter(({ name: index, columns }) => index !== 'PRIMARY' && tenant && columns.indexOf(tenant.column) > 0)
        .map((index) => ({
          object: `${name}.${index.name}`,
          what: `(${index.columns.join(', ')}) of ${index.name} hold ${tenant?.column} behind ${index.columns[0]}`,
          fix: `put ${tenant?.column} first, unless every query names ${index.columns[0]}`,
        })),
    ),
};
