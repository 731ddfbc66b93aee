import { quoteName } from '../../mysql/quote.ts';
import { byText, groupBy } from '../group.ts';
import { readFacts, type Scope } from '../scope.ts';
import { quoteText } from '../text.ts';
import type { ForeignKey } from '../types.ts';
import type { Described } from './described.ts';

type KeyColumnRow = {
  table: string;
  name: string;
  ordinal: number;
  column: string;
  parentSchema: string;
  parentTable: string;
  parentColumn: string;
};
type RuleRow = { table: string; name: string; match: string; onUpdate: string; onDelete: string };

/** The foreign keys of every table in scope, by name. */
export async function readForeignKeys(scope: Scope): Promise<Map<string, Described<ForeignKey>[]>> {
  const rows = await readKeyColumns(scope);
  if (rows.length === 0) return new Map();
  const rules = new Map((await readRules(scope, rows)).map((rule) => [`${rule.table}\n${rule.name}`, rule]));
  const keys = new Map<string, Described<ForeignKey>[]>();
  for (const [table, ofTable] of groupBy(rows, (row) => row.table)) {
    const described = [...groupBy(ofTable, (row) => row.name)].map(([name, columns]) =>
      describeForeignKey(columns, rules.get(`${table}\n${name}`), scope.database),
    );
    keys.set(table, described.sort(byText((key) => key.shape.name)));
  }
  return keys;
}

function readKeyColumns(scope: Scope): Promise<KeyColumnRow[]> {
  return readFacts<KeyColumnRow>(scope, {
    select: {
      table: 'TABLE_NAME',
      name: 'CONSTRAINT_NAME',
      ordinal: 'ORDINAL_POSITION',
      column: 'COLUMN_NAME',
      parentSchema: 'REFERENCED_TABLE_SCHEMA',
      parentTable: 'REFERENCED_TABLE_NAME',
      parentColumn: 'REFERENCED_COLUMN_NAME',
    },
    from: 'KEY_COLUMN_USAGE',
    schema: 'TABLE_SCHEMA',
    name: 'TABLE_NAME',
    also: 'REFERENCED_TABLE_NAME IS NOT NULL',
  });
}

/** Naming the keys of a single table spares MySQL a walk over every foreign key of the database. */
function readRules(scope: Scope, keys: readonly KeyColumnRow[]): Promise<RuleRow[]> {
  const names = [...new Set(keys.map((key) => quoteText(key.name)))];
  return readFacts<RuleRow>(scope, {
    select: {
      table: 'TABLE_NAME',
      name: 'CONSTRAINT_NAME',
      match: 'MATCH_OPTION',
      onUpdate: 'UPDATE_RULE',
      onDelete: 'DELETE_RULE',
    },
    from: 'REFERENTIAL_CONSTRAINTS',
    schema: 'CONSTRAINT_SCHEMA',
    name: 'TABLE_NAME',
    ...(scope.name === undefined ? {} : { also: `CONSTRAINT_NAME IN (${names.join(', ')})` }),
  });
}

function describeForeignKey(rows: KeyColumnRow[], rule: RuleRow | undefined, database: string): Described<ForeignKey> {
  rows.sort((a, b) => Number(a.ordinal) - Number(b.ordinal));
  const first = rows[0] as KeyColumnRow;
  const key: ForeignKey = {
    name: first.name,
    columns: rows.map((row) => row.column),
    parentSchema: first.parentSchema,
    parentTable: first.parentTable,
    parentColumns: rows.map((row) => row.parentColumn),
    onDelete: rule?.onDelete ?? '',
    onUpdate: rule?.onUpdate ?? '',
  };
  const schema = key.parentSchema === database ? '' : `${quoteName(key.parentSchema)}.`;
  const match = rule && rule.match !== 'NONE' ? ` match ${rule.match}` : '';
  return {
    shape: key,
    line:
      `foreign key ${quoteName(key.name)} (${key.columns.map(quoteName).join(', ')}) references ` +
      `${schema}${quoteName(key.parentTable)} (${key.parentColumns.map(quoteName).join(', ')})${match} ` +
      `on delete ${key.onDelete} on update ${key.onUpdate}`,
  };
}
