import { quoteName } from '../../mysql/quote.ts';
import { detailOf } from '../../schema/checks/check.ts';
import type { ForeignKey } from '../../schema/types.ts';
import { isRequired, type Member } from './family.ts';
import { insertRow, referredColumns } from './planting.ts';
import { check, type Probe, tentatively } from './probe.ts';
import { composeRow, type PlantedRow, whereRow } from './row.ts';

const NOT_PROBED = { allowedBy: 'cascade-not-probed' };

/** Where the rule is SET NULL: the parent goes, the row stays with NULL in its place. */
export async function probeSetNull(probe: Probe, member: Member): Promise<void> {
  for (const key of member.keys.filter((candidate) => candidate.onDelete === 'SET NULL')) {
    await tentatively(probe.session, () => probeKey(probe, member, key));
  }
}

async function probeKey(probe: Probe, member: Member, key: ForeignKey): Promise<void> {
  const { session, family } = probe;
  const what = `${key.columns.join(', ')} becomes NULL when its row of ${key.parentTable} goes`;
  const parent = family.get(key.parentTable);
  try {
    const pair =
      key.parentTable === member.name
        ? await plantSecond(probe, member, key)
        : await referToAnother(probe, member, key);
    if (!parent || !pair || !key.columns.every((column) => pair.row.has(column))) {
      check(probe, member.name, what, false, `not looked at: no row refers to ${key.parentTable}`, NOT_PROBED);
      return;
    }
    const { row, parentRow } = pair;
    await session.execute(`DELETE FROM ${quoteName(key.parentTable)} WHERE ${whereRow(parent, parentRow)}`);
    const isNull = key.columns.map((column) => `${quoteName(column)} IS NULL`).join(' AND ');
    const found = await session.query<{ isNull: number }>(
      `SELECT ${isNull} AS isNull FROM ${quoteName(member.name)} WHERE ${whereRow(member, row)}`,
    );
    const ok = found.length === 0 || Number(found[0]?.isNull) === 1;
    const detail = found.length === 0 ? 'the row goes with it on another way' : ok ? 'NULL' : 'it still has its value';
    check(probe, member.name, what, ok, detail);
  } catch (error) {
    check(probe, member.name, what, false, `not looked at: ${detailOf(error)}`, NOT_PROBED);
  }
}

interface Pair {
  readonly row: PlantedRow;
  readonly parentRow: PlantedRow;
}

/** A second row that refers to the first: a row's reference to itself would go with it. */
async function plantSecond(probe: Probe, member: Member, key: ForeignKey): Promise<Pair | undefined> {
  const { session, family, plantation } = probe;
  const first = plantation.rows.get(member.name);
  const second = composeRow(member, plantation.rows, 2, referredColumns(family).get(member.name) ?? new Set());
  if (!first || !second || isRequired(member, key)) return undefined;
  const row = await insertRow(session, member, new Map([...second, ...reference(key, first)]));
  return { row, parentRow: first };
}

/**
 * The row gets a parent that no other row refers to: one that appointments refer to without CASCADE, say, could not be
 * deleted. Where no second parent can be made, it is the first that goes.
 */
async function referToAnother(probe: Probe, member: Member, key: ForeignKey): Promise<Pair | undefined> {
  const { session, plantation } = probe;
  const [row, first] = [plantation.rows.get(member.name), plantation.rows.get(key.parentTable)];
  if (!row || !first) return undefined;
  const parentRow = await plantAnother(probe, key.parentTable);
  if (!parentRow) return { row, parentRow: first };
  const values = reference(key, parentRow);
  const assignments = values.map(([column, value]) => `${quoteName(column)} = ${value}`);
  await session.execute(
    `UPDATE ${quoteName(member.name)} SET ${assignments.join(', ')} WHERE ${whereRow(member, row)}`,
  );
  return { row: new Map([...row, ...values]), parentRow };
}

async function plantAnother({ session, family, plantation }: Probe, table: string): Promise<PlantedRow | undefined> {
  const parent = family.get(table);
  if (!parent) return undefined;
  const another = composeRow(parent, plantation.rows, 6, referredColumns(family).get(table) ?? new Set());
  try {
    return another && (await insertRow(session, parent, another));
  } catch (error) {
    detailOf(error);
    return undefined;
  }
}

function reference({ columns, parentColumns }: ForeignKey, parentRow: PlantedRow) {
  return columns.map((column, place) => [column, parentRow.get(parentColumns[place] ?? '') ?? 'NULL'] as const);
}
