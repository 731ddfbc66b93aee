import type { TenantRule } from '../../schema/checks/tenant.ts';
import type { ForeignKey, SchemaObject, Snapshot, TableShape } from '../../schema/types.ts';

/** A table that hangs on the tenant, or that such a table cannot do without. */
export interface Member {
  readonly name: string;
  readonly object: SchemaObject;
  readonly shape: TableShape;
  /** Foreign keys within the database. */
  readonly keys: readonly ForeignKey[];
  /** False for a parent that belongs to no tenant: its row stays. */
  readonly isTenants: boolean;
}

/** All members, parents first as far as their rows need them. */
export type Family = ReadonlyMap<string, Member>;

export function familyOf(snapshot: Snapshot, tenant: TenantRule): Family {
  const all = new Map<string, Member>();
  for (const object of snapshot.objects.values()) {
    const shape = object.table;
    if (!shape) continue;
    const keys = shape.foreignKeys.filter((key) => key.parentSchema === snapshot.database);
    all.set(object.name, { name: object.name, object, shape, keys, isTenants: false });
  }
  const tenants = descendants(all, tenant);
  const family = new Map<string, Member>();
  const visit = (name: string, path: readonly string[]) => {
    const member = all.get(name);
    if (!member || family.has(name) || path.includes(name)) return;
    for (const key of member.keys) if (isRequired(member, key)) visit(key.parentTable, [...path, name]);
    family.set(name, { ...member, isTenants: tenants.has(name) });
  };
  for (const name of tenants) visit(name, []);
  return family;
}

/** A row of it cannot be without a parent. */
export function isRequired({ shape }: Member, key: ForeignKey): boolean {
  return key.columns.every((name) => shape.columns.some((column) => column.name === name && !column.isNullable));
}

export function hasColumn({ shape }: Member, name: string): boolean {
  return shape.columns.some((column) => column.name === name);
}

/** The tenant table, those that have its column, and those that refer to one of these, however far. */
function descendants(all: Family, tenant: TenantRule): Set<string> {
  const found = new Set([...all.values()].filter((one) => hasColumn(one, tenant.column)).map(({ name }) => name));
  if (all.has(tenant.table)) found.add(tenant.table);
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const { name, keys } of all.values()) if (keys.some((key) => found.has(key.parentTable))) found.add(name);
  }
  return found;
}

/** The tables whose rows a deletion takes along, by the rules of their keys. */
export function cascadedFrom(family: Family, table: string): Set<string> {
  const gone = new Set([table]);
  for (let size = -1; size !== gone.size; ) {
    size = gone.size;
    for (const { name, keys } of family.values()) {
      if (keys.some((key) => key.onDelete === 'CASCADE' && gone.has(key.parentTable))) gone.add(name);
    }
  }
  return gone;
}
