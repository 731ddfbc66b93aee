import { quoteName } from '../../mysql/quote.ts';
import { detailOf } from '../../schema/checks/check.ts';
import { cascadedFrom, hasColumn, type Member } from './family.ts';
import { check, errnoOf, find, type Probe } from './probe.ts';
import { whereRow } from './row.ts';

/** ER_ROW_IS_REFERENCED_2: a foreign key without CASCADE or SET NULL stands in the way. */
const REFERENCED = 1451;

/** Deletes the tenant and counts what is left of the rows that hung on it. */
export async function deleteTenant(probe: Probe): Promise<void> {
  const { tenant, family, plantation } = probe;
  const member = family.get(tenant.table);
  const row = plantation.rows.get(tenant.table);
  if (!member || !row) return;
  const isDeleted = await deleteRow(probe, member, new Set());
  if (!isDeleted) return;
  const left = await countLeft(probe);
  const cascaded = cascadedFrom(family, tenant.table);
  const others: string[] = [];
  for (const one of family.values()) {
    if (!one.isTenants || !plantation.rows.has(one.name) || one.name === tenant.table) continue;
    // Its reference is SET NULL and it has no tenant of its own: the row may stay.
    const mayStay = !cascaded.has(one.name) && !hasColumn(one, tenant.column);
    const isLeft = left.has(one.name);
    if (isLeft && !mayStay) tellOfLeft(probe, one);
    if (probe.tables.includes(one.name)) {
      const detail = isLeft ? `its row is left${mayStay ? ', with NULL in its reference' : ''}` : 'its row is gone too';
      check(probe, one.name, `goes with its row of ${tenant.table}`, !isLeft || mayStay, detail, {
        allowedBy: 'rows-outlive-tenant',
        word: tenant.column,
      });
    } else if (isLeft && !mayStay) others.push(one.name);
  }
  tellOfOthers(probe, others);
}

/** What stands in the way is told and removed, until the row can be deleted. */
async function deleteRow(probe: Probe, member: Member, inTheWay: Set<string>): Promise<boolean> {
  const row = probe.plantation.rows.get(member.name);
  if (!row) return false;
  for (;;) {
    try {
      await probe.session.execute(`DELETE FROM ${quoteName(member.name)} WHERE ${whereRow(member, row)}`);
      return true;
    } catch (error) {
      const words = detailOf(error);
      const blocker = errnoOf(error) === REFERENCED ? blockerIn(probe, words) : undefined;
      if (!blocker || inTheWay.has(blocker.name)) {
        tellOfRefusal(probe, member.name, words);
        return false;
      }
      inTheWay.add(blocker.name);
      tellOfBlocker(probe, blocker.child, blocker.name, blocker.parent);
      if (!(await deleteRow(probe, blocker.child, inTheWay))) return false;
    }
  }
}

/** The server names the constraint in backticks, in every language of its messages. */
function blockerIn(probe: Probe, words: string): { name: string; child: Member; parent: string } | undefined {
  const names = [...words.matchAll(/`((?:[^`]|``)+)`/g)].map(([, name]) => name);
  for (const child of probe.family.values()) {
    const key = child.keys.find(({ name }) => names.includes(name));
    if (key && names.includes(child.name)) return { name: key.name, child, parent: key.parentTable };
  }
  return undefined;
}

async function countLeft({ session, family, plantation }: Probe): Promise<Set<string>> {
  const counts = [...family.values()].flatMap((member) => {
    const row = plantation.rows.get(member.name);
    if (!row) return [];
    const name = `_utf8mb4 X'${Buffer.from(member.name).toString('hex')}'`;
    return [`(SELECT ${name} AS name FROM ${quoteName(member.name)} WHERE ${whereRow(member, row)} LIMIT 1)`];
  });
  const left = new Set<string>();
  for (let at = 0; at < counts.length; at += PER_QUERY) {
    const rows = await session.query<{ name: string }>(counts.slice(at, at + PER_QUERY).join(' UNION ALL '));
    for (const { name } of rows) left.add(name);
  }
  return left;
}

/** MariaDB and MySQL open at most 61 tables in a join; a union has no such limit, but its plan grows. */
const PER_QUERY = 50;

function tellOfLeft(probe: Probe, { name, keys }: Member): void {
  const { tenant } = probe;
  const key = keys.find(({ parentTable }) => parentTable === tenant.table);
  find(probe, name, {
    name: 'rows-outlive-tenant',
    word: tenant.column,
    what: `a row of ${name} is left when its row of ${tenant.table} is deleted`,
    why: key
      ? `the foreign key ${key.name} is ON DELETE ${key.onDelete}`
      : `no foreign key leads from it to ${tenant.table}, so it becomes an orphan`,
    fix: `ALTER TABLE ${quoteName(name)} ADD FOREIGN KEY (${quoteName(tenant.column)}) REFERENCES ${quoteName(tenant.table)} (…) ON DELETE CASCADE`,
  });
}

function tellOfBlocker(probe: Probe, child: Member, key: string, parent: string): void {
  const { tenant } = probe;
  find(probe, child.name, {
    name: 'tenant-deletion-refused',
    word: key,
    what: `the foreign key ${key} refuses to delete a row of ${parent} that ${child.name} refers to`,
    why: `so no row of ${tenant.table} that has such rows can be deleted`,
    fix: `make it ON DELETE CASCADE, or SET NULL: ALTER TABLE ${quoteName(child.name)} DROP FOREIGN KEY ${quoteName(key)}, ADD CONSTRAINT …`,
  });
}

function tellOfRefusal(probe: Probe, table: string, words: string): void {
  find(probe, table, {
    name: 'tenant-deletion-refused',
    what: `a row of ${table} could not be deleted: ${words}`,
    why: `what hangs on a row of ${probe.tenant.table} could not be looked at`,
    fix: 'see what refuses it: a trigger, or a chain of foreign keys',
  });
}

function tellOfOthers(probe: Probe, left: readonly string[]): void {
  const { family, plantation, tenant, tables } = probe;
  const others = [...family.values()].filter(
    ({ name, isTenants }) => isTenants && name !== tenant.table && !tables.includes(name) && plantation.rows.has(name),
  );
  if (others.length === 0) return;
  probe.checks.push({
    group: 'cascade',
    name: `${others.length} other tables: their rows go with their row of ${tenant.table}`,
    ok: left.length === 0,
    level: 'hint',
    detail: left.length === 0 ? 'nothing is left' : `left in ${left.join(', ')}`,
  });
}
