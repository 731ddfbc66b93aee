import { quoteName } from '../../../mysql/quote.ts';
import type { Column } from '../../types.ts';
import { type Rule, tablesOf } from './rule.ts';

/** A unique key of a tenant's table that does not hold the tenant. Values that no two ever share are meant so: a hint. */
export const uniqueTenant: Rule = {
  group: 'tenant',
  kind: 'unique-without-tenant',
  holds: 'every unique key of a tenant’s table holds the tenant',
  level: 'advice',
  why: 'a value that one tenant has taken is refused to all others, which also tells them that it exists',
  find: ({ snapshot, tenant }) =>
    tablesOf(snapshot).flatMap(({ name, shape }) => {
      if (!tenant || !shape.columns.some((column) => column.name === tenant.column)) return [];
      const keys = shape.indexes.filter(
        (key) => key.isUnique && key.name !== 'PRIMARY' && !key.columns.includes(tenant.column),
      );
      return keys.map((key) => {
        const wanted = [tenant.column, ...key.columns].map(quoteName).join(', ');
        return {
          object: `${name}.${key.name}`,
          level: isDrawn(shape.columns, key.columns) ? ('hint' as const) : ('advice' as const),
          what: `the unique key (${key.columns.join(', ')}) does not hold ${tenant.column}`,
          fix: `ALTER TABLE ${quoteName(name)} DROP INDEX ${quoteName(key.name)}, ADD UNIQUE INDEX (${wanted})`,
        };
      });
    }),
};

/** A UUID, a token: drawn by lot, unique the world over. */
function isDrawn(columns: readonly Column[], key: readonly string[]): boolean {
  return columns.some(
    ({ name, type }) => key.includes(name) && /^(?:char\(36\)|varchar\(36\)|uuid|binary\(16\))/.test(type),
  );
}
