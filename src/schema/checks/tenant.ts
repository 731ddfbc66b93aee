import { quoteName } from '../../mysql/quote.ts';
import type { ForeignKey, Snapshot, TableShape } from '../types.ts';
import type { Check } from './check.ts';

/** Every row belongs to one row of `table`, named by `column`. */
export interface TenantRule {
  readonly table: string;
  readonly column: string;
  readonly onDelete: string;
  /** Tables that are for all tenants; `*` stands for any text. Undefined: which those are is not declared. */
  readonly except?: readonly string[] | undefined;
}

/** The configuration names the table as one that is for all tenants. */
export function isExcepted({ except = [] }: Pick<TenantRule, 'except'>, table: string): boolean {
  return except.some((entry) => {
    const parts = entry.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`).test(table);
  });
}

export type TenantRuleName = 'tenant-column' | 'tenant-not-null' | 'tenant-cascade' | 'tenant-index';

/** By how the check is called, behind the column's name. */
const RULE_NAMES: readonly (readonly [suffix: RegExp, name: TenantRuleName])[] = [
  [/ exists$/, 'tenant-column'],
  [/ is NOT NULL$/, 'tenant-not-null'],
  [/ is a foreign key /, 'tenant-cascade'],
  [/ leads an index$/, 'tenant-index'],
];

/** The name by which a migration may allow a breach: `-- migrate:allow NAME reason`. */
export function tenantRuleName(check: Pick<Check, 'name'>): TenantRuleName {
  const named = RULE_NAMES.find(([suffix]) => suffix.test(check.name));
  if (!named) throw new TypeError(`no rule of the tenant column is called ${check.name}`);
  return named[1];
}

/** A breach of a rule that the migration which made the table allows, with its reason. */
export interface AllowedBreach {
  readonly table: string;
  readonly name: string;
  readonly reason: string;
}

/** Whose tables are looked at. */
export interface TenantScope {
  /** Of these a breach is an error, unless it is allowed. Default: all of `tables`. */
  readonly made?: readonly string[] | undefined;
  readonly allowed?: readonly AllowedBreach[] | undefined;
}

/**
 * Four rules a table: the tenant column exists, is NOT NULL, is a foreign key to the tenant table with the right delete
 * rule, and leads an index. A breach in what migrations made is an error; in what they only changed it may have been
 * there before, which is a warning, and a table without the column may be nobody's. Without `tables`, every table that
 * has the column is looked at, and only warned of.
 */
export function checkTenant(
  snapshot: Snapshot,
  rule: TenantRule,
  tables?: readonly string[],
  { made = tables ?? [], allowed = [] }: TenantScope = {},
): Check[] {
  const names = tables ?? tenantTables(snapshot, rule);
  return names
    .filter((name) => name !== rule.table && !isExcepted(rule, name))
    .flatMap((name) => {
      const shape = snapshot.objects.get(`table:${name}`)?.table;
      const isTenants = made.includes(name) || shape?.columns.some((column) => column.name === rule.column);
      if (!shape || !isTenants) return [];
      const level = made.includes(name) ? 'error' : 'warning';
      const own = allowed.filter(({ table }) => table === name);
      return checkTable(name, shape, rule, snapshot.database).map((check) => withAllowance({ ...check, level }, own));
    });
}

/** Every table with the tenant column, the tenant table itself left out. */
export function tenantTables(snapshot: Snapshot, rule: TenantRule): string[] {
  const tables = [...snapshot.objects.values()].filter((object) =>
    object.table?.columns.some((column) => column.name === rule.column),
  );
  return tables
    .map((object) => object.name)
    .filter((name) => name !== rule.table && !isExcepted(rule, name))
    .sort();
}

function withAllowance(check: Check, allowed: readonly AllowedBreach[]): Check {
  const allowance = check.ok ? undefined : allowed.find(({ name }) => name === tenantRuleName(check));
  if (!allowance) return check;
  return { ...check, level: 'advice', detail: `${check.detail} (allowed: ${allowance.reason})` };
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

/** A composite key will do: where none of its other columns may be NULL, the server checks every row. */
function tenantKey(shape: TableShape, rule: TenantRule, database: string): ForeignKey | undefined {
  const nullable = new Set(shape.columns.filter((column) => column.isNullable).map(({ name }) => name));
  const leadsThere = shape.foreignKeys.filter(
    (key) =>
      key.columns.includes(rule.column) &&
      key.columns.every((column) => column === rule.column || !nullable.has(column)) &&
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
