import type { Session } from '../../mysql/connect.ts';
import { quoteName } from '../../mysql/quote.ts';
import { detailOf } from '../../schema/check.ts';
import { checkConstraints } from '../check-constraints.ts';
import { type Family, isRequired, type Member } from './family.ts';
import { composeRow, insertText, type PlantedRow, whereRow } from './row.ts';

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

/** MySQL's and MariaDB's number for a row that breaks a CHECK. */
const CHECK_BROKEN = [3819, 4025];
const MOST_TRIES = 60;

/** Inserts a row, with other values where a CHECK wants others. Throws the server's first error when none will do. */
export async function insertRow(session: Session, member: Member, row: PlantedRow): Promise<PlantedRow> {
  let refusal: unknown;
  for (const candidate of [row, ...otherRows(member, row)].slice(0, MOST_TRIES)) {
    try {
      await session.execute(insertText(member.name, candidate));
      return candidate;
    } catch (error) {
      refusal ??= error;
      if (!CHECK_BROKEN.includes((error as { errno?: number }).errno ?? 0)) throw error;
    }
  }
  throw refusal;
}

/** The values that the checks speak of, and those beside them, in one column after another. */
function* candidates(member: Member, row: PlantedRow): Generator<PlantedRow> {
  for (const { clause } of checkConstraints(member.object)) {
    const columns = member.shape.columns.filter(
      ({ name, generation }) => !generation && clause.includes(quoteName(name)),
    );
    const numbers = [...clause.matchAll(/(?<![\w.`])-?\d+(?:\.\d+)?/g)].map(([number]) => Number(number));
    const texts = [...clause.matchAll(/'(?:[^'\\]|\\.|'')*'/g)].map(([text]) => text);
    const values = [...numbers.flatMap((number) => [number, number + 1, number - 1]).map(String), ...texts];
    for (const { name } of columns) for (const value of values) yield new Map([...row, [name, value]]);
  }
}

function otherRows(member: Member, row: PlantedRow): PlantedRow[] {
  return [...candidates(member, row)];
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
