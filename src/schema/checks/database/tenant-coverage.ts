import { quoteName } from '../../../mysql/quote.ts';
import { isExcepted } from '../tenant.ts';
import { type Rule, tablesOf } from './rule.ts';

/**
 * Every table that should have the tenant column. Which those are only the configuration tells: once it lists the
 * exceptions, a table that is neither is an error; before, a table of plans or settings is nobody's fault.
 */
export const tenantCoverage: Rule = {
  group: 'tenant',
  kind: 'tenant-column-missing',
  holds: 'every table has the tenant column, or is an exception',
  level: 'error',
  why: 'no query can keep its tenants apart, and its rows outlive their tenant',
  find: ({ snapshot, tenant }) =>
    tablesOf(snapshot).flatMap(({ name, shape }) => {
      if (!tenant || name === tenant.table || isExcepted(tenant, name)) return [];
      if (shape.columns.some((column) => column.name === tenant.column)) return [];
      return [
        {
          object: name,
          level: tenant.except ? ('error' as const) : ('hint' as const),
          what: `${name} has no column ${tenant.column}`,
          fix: `ALTER TABLE ${quoteName(name)} ADD COLUMN ${quoteName(tenant.column)} …; or name it in verify.tenant.except`,
        },
      ];
    }),
};

/** An exception that names no table is a slip of the pen, or a table that is gone. */
export const tenantExceptions: Rule = {
  group: 'tenant',
  kind: 'unknown-exception',
  holds: 'every exception names a table',
  level: 'warning',
  why: 'an exception that matches nothing hides a slip of the pen',
  find: ({ snapshot, tenant }) =>
    (tenant?.except ?? [])
      .filter((entry) => !tablesOf(snapshot).some(({ name }) => isExcepted({ except: [entry] }, name)))
      .map((entry) => ({
        object: entry,
        what: `${snapshot.database} has no table ${entry}`,
        fix: 'mend verify.tenant.except in the configuration',
      })),
};
