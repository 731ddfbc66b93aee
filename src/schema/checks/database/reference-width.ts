import { quoteName } from '../../../mysql/quote.ts';
import type { Snapshot } from '../../types.ts';
import { type Rule, tablesOf } from './rule.ts';

const BITS: Readonly<Record<string, number>> = { tinyint: 8, smallint: 16, mediumint: 24, int: 32, bigint: 64 };

interface Pair {
  readonly table: string;
  readonly column: string;
  readonly parentTable: string;
  readonly parentColumn: string;
  readonly isDeclared: boolean;
}

/**
 * Integers of another width than the key they refer to. The servers hold their own foreign keys to one width; so these
 * are references that only the application knows: declared ones, and by Laravel's convention `company_id` → `companies.id`.
 */
export const referenceWidth: Rule = {
  group: 'references',
  kind: 'reference-width',
  holds: 'every reference is as wide as the key it refers to',
  level: 'advice',
  why: 'keys of the wider one do not fit the other, and no foreign key can join them',
  find: ({ snapshot, references }) => {
    const declared = references.map(({ from, to }) => ({
      table: from.table,
      column: from.column,
      parentTable: to.table,
      parentColumn: to.column,
      isDeclared: true,
    }));
    return [...declared, ...conventional(snapshot, declared)].flatMap((pair) => {
      const child = integer(snapshot, pair.table, pair.column);
      const parent = integer(snapshot, pair.parentTable, pair.parentColumn);
      if (!child || !parent || child.bits === parent.bits) return [];
      const isNarrow = child.bits < parent.bits;
      const [table, column, type] = isNarrow
        ? [pair.table, pair.column, parent.type]
        : [pair.parentTable, pair.parentColumn, child.type];
      return [
        {
          object: `${pair.table}.${pair.column}`,
          level: pair.isDeclared ? (isNarrow ? ('warning' as const) : ('advice' as const)) : ('hint' as const),
          what: `${pair.table}.${pair.column} is ${child.type} and refers to ${pair.parentTable}.${pair.parentColumn}, ${parent.type}`,
          fix: `ALTER TABLE ${quoteName(table)} MODIFY ${quoteName(column)} ${type} …`,
        },
      ];
    });
  },
};

function integer(snapshot: Snapshot, table: string, name: string): { bits: number; type: string } | undefined {
  const column = snapshot.objects.get(`table:${table}`)?.table?.columns.find((one) => one.name === name);
  const bits = BITS[/^[a-z]+/.exec(column?.type ?? '')?.[0] ?? ''];
  return column && bits ? { bits, type: column.type } : undefined;
}

function conventional(snapshot: Snapshot, declared: readonly Pair[]): Pair[] {
  const known = new Set(declared.map(({ table, column }) => `${table}.${column}`));
  return tablesOf(snapshot).flatMap(({ name, shape }) =>
    shape.columns.flatMap(({ name: column }): Pair[] => {
      const stem = /^(.+)_id$/.exec(column)?.[1];
      const isKnown =
        known.has(`${name}.${column}`) || shape.foreignKeys.some(({ columns }) => columns.includes(column));
      if (stem === undefined || isKnown) return [];
      const parentTable = plurals(stem).find((plural) => snapshot.objects.has(`table:${plural}`));
      return parentTable ? [{ table: name, column, parentTable, parentColumn: 'id', isDeclared: false }] : [];
    }),
  );
}

function plurals(stem: string): string[] {
  return [`${stem}s`, `${stem}es`, stem.replace(/y$/, 'ies')];
}
