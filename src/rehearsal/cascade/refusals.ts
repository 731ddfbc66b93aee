import { quoteName } from '../../mysql/quote.ts';
import { detailOf } from '../../schema/checks/check.ts';
import type { Index } from '../../schema/types.ts';
import { hasColumn, type Member } from './family.ts';
import { insertRow, referredColumns } from './planting.ts';
import { check, errnoOf, find, type Probe, tentatively } from './probe.ts';
import { composeRow, insertText, type PlantedRow, whereRow, withoutLength } from './row.ts';
import { valueFor } from './values.ts';

/** ER_NO_DEFAULT_FOR_FIELD, ER_BAD_NULL_ERROR. */
const NO_VALUE = [1364, 1048];
/** ER_NO_REFERENCED_ROW_2. */
const NO_PARENT = [1452];
const DUPLICATE = 1062;
const TAKEN = 'it was taken';
/** The number of a key that no row of ours has. */
const NOBODY = 9;
const SOFT_DELETE = 'deleted_at';

/** A row without a tenant, and one of a tenant that does not exist, are refused. */
export async function probeRefusals(probe: Probe, member: Member): Promise<void> {
  const { tenant } = probe;
  const row = anotherRow(probe, member, 3);
  if (!row || !hasColumn(member, tenant.column)) return;
  const without = new Map([...row].filter(([column]) => column !== tenant.column));
  const whatIsMissing = `a row without ${tenant.column} is refused`;
  if (await takes(probe, member, whatIsMissing, without, NO_VALUE)) {
    check(probe, member.name, whatIsMissing, false, TAKEN, { allowedBy: 'tenant-not-null', word: tenant.column });
  }
  const nobody = keyOfNobody(member, tenant.column);
  // Of ENUM, BIT or YEAR there is one value only: it is our tenant's.
  if (nobody === undefined || nobody === row.get(tenant.column)) return;
  const wrong = new Map([...row, [tenant.column, nobody]]);
  const what = `a ${tenant.column} that does not exist is refused`;
  if (!(await takes(probe, member, what, wrong, NO_PARENT))) return;
  const key = member.keys.find(({ columns }) => columns.length === 1 && columns[0] === tenant.column);
  if (!key) check(probe, member.name, what, false, TAKEN, { allowedBy: 'tenant-cascade', word: tenant.column });
  else {
    check(probe, member.name, what, false, `${TAKEN}, although the foreign key ${key.name} forbids it`, {
      level: 'advice',
    });
    tellOfIgnoredKey(probe, member, key.name);
  }
}

/** Such a key as the column's type can hold: else the server refuses the value before it looks for a parent. */
function keyOfNobody({ shape }: Member, name: string): string | undefined {
  const column = shape.columns.find((candidate) => candidate.name === name);
  return column && valueFor(column, NOBODY, true);
}

/**
 * Seen with MySQL 9.7.4: since foreign keys are checked above the storage engine (innodb_native_foreign_keys = OFF, the
 * default from 9.6 on), a key is passed over when the index used for it holds a NULL in any column of the row.
 */
function tellOfIgnoredKey(probe: Probe, member: Member, key: string): void {
  const { tenant } = probe;
  find(probe, member.name, {
    name: 'foreign-key-not-enforced',
    level: 'advice',
    word: key,
    what: `the server takes a ${tenant.column} that ${tenant.table} does not have, although the foreign key ${key} forbids it`,
    why: `a fault of the server, not of the migration: MySQL from 9.6 on passes over a foreign key where the index that begins with ${tenant.column} holds a NULL`,
    fix: 'start the server with innodb_native_foreign_keys=ON; gateway-migrate verify looks for orphans meanwhile',
  });
}

/** Whether the server takes the row; that it refuses it, and how, is told. */
async function takes(
  probe: Probe,
  member: Member,
  what: string,
  row: PlantedRow,
  expected: readonly number[],
): Promise<boolean> {
  return tentatively(probe.session, async () => {
    try {
      await probe.session.execute(insertText(member.name, row));
      return true;
    } catch (error) {
      const words = detailOf(error);
      check(probe, member.name, what, expected.includes(errnoOf(error)), `error ${errnoOf(error)}: ${words}`);
      return false;
    }
  });
}

/** A row that is marked as deleted must not keep its unique key from the row that replaces it. */
export async function probeSoftDelete(probe: Probe, member: Member): Promise<void> {
  if (!hasColumn(member, SOFT_DELETE)) return;
  for (const key of member.shape.indexes.filter(({ isUnique, name }) => isUnique && name !== 'PRIMARY')) {
    await tentatively(probe.session, () => probeKey(probe, member, key));
  }
}

async function probeKey(probe: Probe, member: Member, key: Index): Promise<void> {
  const { session } = probe;
  const what = `a soft-deleted row frees ${key.name}`;
  const first = anotherRow(probe, member, 4);
  const second = anotherRow(probe, member, 5);
  if (!first || !second) return;
  const same = key.columns.map(withoutLength).filter((column) => column !== SOFT_DELETE && first.has(column));
  try {
    const kept = await insertRow(session, member, first);
    await session.execute(
      `UPDATE ${quoteName(member.name)} SET ${SOFT_DELETE} = '2030-01-01 10:00:00' WHERE ${whereRow(member, kept)}`,
    );
    await insertRow(
      session,
      member,
      new Map([...second, ...same.map((column) => [column, kept.get(column) ?? ''] as const)]),
    );
    check(probe, member.name, what, true, 'a row with the same key is taken');
  } catch (error) {
    check(probe, member.name, what, false, detailOf(error), { allowedBy: 'soft-delete-keeps-key', word: key.name });
    if (errnoOf(error) === DUPLICATE) tellOfKeptKey(probe, member, key);
  }
}

function tellOfKeptKey(probe: Probe, member: Member, key: Index): void {
  find(probe, member.name, {
    name: 'soft-delete-keeps-key',
    word: key.name,
    what: `the unique key ${key.name} (${key.columns.join(', ')}) still counts rows whose ${SOFT_DELETE} is set`,
    why: 'what a user has deleted cannot be made again: the INSERT fails with error 1062',
    fix: `add a generated column that is NULL for deleted rows, IF(${SOFT_DELETE} IS NULL, 1, NULL), to the end of the key`,
  });
}

function anotherRow(probe: Probe, member: Member, number: number): PlantedRow | undefined {
  const { family, plantation } = probe;
  if (!plantation.rows.has(member.name)) return undefined;
  return composeRow(member, plantation.rows, number, referredColumns(family).get(member.name) ?? new Set());
}
