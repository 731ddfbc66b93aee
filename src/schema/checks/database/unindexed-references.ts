import { quoteName } from '../../../mysql/quote.ts';
import { isLeading } from '../../index-cover.ts';
import { type Rule, tablesOf } from './rule.ts';

/** A reference that no index leads: one of the server's own is not enforced then, one of the application is only slow. */
export const unindexedReferences: Rule = {
  group: 'references',
  kind: 'reference-without-index',
  holds: 'an index leads with the columns of every reference',
  level: 'advice',
  why: 'to find the rows of one parent, to delete it, and to look for orphans, the whole table is read',
  find: ({ snapshot, references }) =>
    tablesOf(snapshot).flatMap(({ name, shape }) => {
      const declared = references.filter(
        ({ from }) => from.table === name && shape.columns.some((column) => column.name === from.column),
      );
      const all = [
        ...shape.foreignKeys.map(({ columns, parentTable }) => ({ columns, parentTable, level: 'warning' as const })),
        ...declared.map(({ from, to }) => ({
          columns: [from.column],
          parentTable: to.table,
          level: 'advice' as const,
        })),
      ];
      return all
        .filter(({ columns }) => !isLeading(shape, columns))
        .map(({ columns, parentTable, level }) => ({
          object: `${name}.${columns.join(', ')}`,
          level,
          what: `no index of ${name} begins with (${columns.join(', ')}), which refers to ${parentTable}`,
          fix: `ALTER TABLE ${quoteName(name)} ADD INDEX (${columns.map(quoteName).join(', ')})`,
        }));
    }),
};
