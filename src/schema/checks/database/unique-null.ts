import { quoteName } from '../../../mysql/quote.ts';
import { type Rule, tablesOf } from './rule.ts';

/**
 * NULLs are distinct in a unique key (MySQL Reference Manual, 15.1.15 "CREATE INDEX Statement"). A key of one column that
 * may be NULL is mostly meant so: a hint.
 */
export const uniqueNull: Rule = {
  group: 'schema',
  kind: 'unique-with-null',
  holds: 'no unique key has a column that may be NULL',
  level: 'advice',
  why: 'NULLs are distinct: of rows with a NULL in it the key forbids none',
  find: ({ snapshot }) =>
    tablesOf(snapshot).flatMap(({ name, shape }) =>
      shape.indexes.flatMap((key) => {
        const nullable = shape.columns.filter((column) => column.isNullable && key.columns.includes(column.name));
        const [first] = nullable;
        if (!key.isUnique || !first) return [];
        return [
          {
            object: `${name}.${key.name}`,
            level: key.columns.length === 1 ? ('hint' as const) : ('advice' as const),
            what: `${nullable.map((column) => column.name).join(', ')} may be NULL in (${key.columns.join(', ')})`,
            fix: `ALTER TABLE ${quoteName(name)} ADD COLUMN ${quoteName(`${first.name}_key`)} … AS (COALESCE(${quoteName(first.name)}, …)) NOT NULL, and put it into the key in its place`,
          },
        ];
      }),
    ),
};
