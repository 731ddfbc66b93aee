import { quoteName } from '../mysql/quote.ts';
import type { Check } from './check.ts';
import type { ForeignKey, Snapshot, TableShape } from './types.ts';

/** Every row belongs to one row of `table`, named by `column`. */
export interface TenantRule {
  readonly table: string;
  readonly column: string;
  readonly onDelete: string;
}

/**
 * Four rules a table: the tenant column exists, is NOT NULL, is a foreign key to the tenant table with the right delete
 * rule, and leads an index. `tables` are those that migrations made: a breach there is an error. Without them, every
 * table that has the column is looked at, and a breach in what was there before is a warning.
 */
export function checkTenant(snapshot: Snapshot, rule: TenantRule, tables?: readonly string[]): Check[] {
  const level = tables === undefined ? 'warning' : 'error';
  const names = tables ?? tenantTables(snapshot, rule);
  return names
    .filter((name) => name !== rule.table)
    .flatMap((name) => {
      const shape = snapshot.objects.get(`table:${name}`)?.table;
      return shape ? checkTable(name, shape, rule, snapshot.database).map((check) => ({ ...check, level })) : [];
    });
}

/** Every table with the tenant column, the tenant table itself left out. */
export function tenantTables(snapshot: Snapshot, rule: TenantRule): string[] {
  const tables = [...snapshot.objects.values()].filter((object) =>
    object.table?.columns.some((column) => column.name === rule.column),
  );
  return tables
    .map((object) => object.name)
    .filter((name) => name !== rule.table)
    .sort();
}

type Finding = Omit<Check, 'level'>;

function checkTable(table: string, shape: TableShape, rule: TenantRule, database: string): Finding[] {
  const named = `${table}.${rule.column}`;
  const finding = (name: string, ok: boolean, detail: string, remedy: string): Finding => ({
    group: 'tenant',
    name: `${named} ${name}`,
    ok,
    detail,
    ...(ok ? {} : { remedy }),
  });
  const column = shape.columns.find((candidate) => candidate.name === rule.column);
  const alter = `ALTER TABLE ${quoteName(table)}`;
  const add = `${alter} ADD COLUMN ${quoteName(rule.column)} … NOT NULL`;
  if (!column) return [finding('exists', false, `the table has no column ${rule.column}`, add)];
  const key = tenantKey(shape, rule, database);
  const leading = shape.indexes.filter((index) => index.columns[0] === rule.column).map((index) => index.name);
  return [
    finding('exists', true, column.type, ''),
    finding(
      'is NOT NULL',
      !column.isNullable,
      column.isNullable ? 'it may be NULL: such a row belongs to nobody' : column.type,
      `${alter} MODIFY ${quoteName(rule.column)} ${column.type} NOT NULL`,
    ),
    finding(
      `is a foreign key to ${rule.table} ON DELETE ${rule.onDelete}`,
      key !== undefined && isSameRule(key.onDelete, rule.onDelete),
      key ? `${key.name}: ON DELETE ${key.onDelete}` : `no foreign key leads to ${rule.table}`,
      `${alter}${key ? ` DROP FOREIGN KEY ${quoteName(key.name)},` : ''} ADD FOREIGN KEY (${quoteName(rule.column)}) ` +
        `REFERENCES ${quoteName(rule.table)} (…) ON DELETE ${rule.onDelete}`,
    ),
    finding(
      'leads an index',
      leading.length > 0,
      leading.length > 0 ? leading.join(', ') : 'no index begins with it: every query of one tenant reads all rows',
      `${alter} ADD INDEX (${quoteName(rule.column)})`,
    ),
  ];
}

function tenantKey(shape: TableShape, rule: TenantRule, database: string): ForeignKey | undefined {
  const leadsThere = shape.foreignKeys.filter(
    (key) =>
      key.columns.length === 1 &&
      key.columns[0] === rule.column &&
      key.parentTable === rule.table &&
      key.parentSchema === database,
  );
  return leadsThere.find((key) => isSameRule(key.onDelete, rule.onDelete)) ?? leadsThere[0];
}

/** InnoDB checks at once, so NO ACTION is RESTRICT (MySQL Reference Manual, 15.1.20.5 "FOREIGN KEY Constraints"). */
function isSameRule(one: string, other: string): boolean {
  const normal = (rule: string) => rule.toUpperCase().replace('RESTRICT', 'NO ACTION');
  return normal(one) === normal(other);
}
