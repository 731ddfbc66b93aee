import type { Session } from '../../mysql/connect.ts';
import { quoteName } from '../../mysql/quote.ts';
import { detailOf } from '../../schema/checks/check.ts';
import { type Family, isRequired, type Member } from './family.ts';
import { composeRow, insertText, type PlantedRow, whereRow } from './row.ts';
import { satisfyChecks } from './satisfaction.ts';

export interface Plantation {
  readonly rows: ReadonlyMap<string, PlantedRow>;
  /** Tables that no row could be made for, and the server's words. */
  readonly failures: ReadonlyMap<string, string>;
}

/** A row in every table, parents first; then the references that may be NULL are filled in. */
export async function plant(session: Session, family: Family): Promise<Plantation> {
  const rows = new Map<string, PlantedRow>();
  const failures = new Map<string, string>();
  const referred = referredColumns(family);
  for (const member of family.values()) {
    const row = composeRow(member, rows, 1, referred.get(member.name) ?? new Set());
    try {
      if (row) rows.set(member.name, await insertRow(session, member, row));
      else failures.set(member.name, 'a table that it refers to has no row, or they refer to each other in a circle');
    } catch (error) {
      failures.set(member.name, detailOf(error));
    }
  }
  for (const member of family.values()) await fillReferences(session, member, rows);
  return { rows, failures };
}

/** The columns that others refer to must have a known value. */
export function referredColumns(family: Family): Map<string, Set<string>> {
  const referred = new Map<string, Set<string>>();
  for (const { parentTable, parentColumns } of [...family.values()].flatMap(({ keys }) => keys)) {
    referred.set(parentTable, new Set([...(referred.get(parentTable) ?? []), ...parentColumns]));
  }
  return referred;
}

/** Inserts a row, with other values where a CHECK wants others. Throws the server's error. */
export async function insertRow(session: Session, member: Member, row: PlantedRow): Promise<PlantedRow> {
  const satisfied = await satisfyChecks(session, member, row);
  await session.execute(insertText(member.name, satisfied));
  return satisfied;
}

/** Not a table's reference to itself: a row that refers to itself shows nothing. */
async function fillReferences(session: Session, member: Member, rows: Map<string, PlantedRow>): Promise<void> {
  const row = rows.get(member.name);
  if (!row) return;
  for (const key of member.keys.filter((one) => !isRequired(member, one) && one.parentTable !== member.name)) {
    const parent = rows.get(key.parentTable);
    const isComplete = key.parentColumns.every((column) => parent?.has(column));
    if (!parent || !isComplete) continue;
    const values = key.columns.map(
      (column, place) => [column, parent.get(key.parentColumns[place] ?? '') ?? ''] as const,
    );
    const assignments = values.map(([column, value]) => `${quoteName(column)} = ${value}`);
    try {
      await session.execute(
        `UPDATE ${quoteName(member.name)} SET ${assignments.join(', ')} WHERE ${whereRow(member, row)}`,
      );
      rows.set(member.name, new Map([...(rows.get(member.name) ?? row), ...values]));
    } catch (error) {
      // A trigger or a CHECK will not have it: the reference stays NULL.
      detailOf(error);
    }
  }
}
