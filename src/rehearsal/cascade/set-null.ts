import { quoteName } from '../../mysql/quote.ts';
import { detailOf } from '../../schema/check.ts';
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
  const { session, family, plantation } = probe;
  const what = `${key.columns.join(', ')} becomes NULL when its row of ${key.parentTable} goes`;
  const parent = family.get(key.parentTable);
  const parentRow = plantation.rows.get(key.parentTable);
  try {
    const row =
      key.parentTable === member.name ? await plantSecond(probe, member, key) : plantation.rows.get(member.name);
    if (!parent || !parentRow || !row || !key.columns.every((column) => row.has(column))) {
      check(probe, member.name, what, false, `not looked at: no row refers to ${key.parentTable}`, NOT_PROBED);
      return;
    }
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

/** A second row that refers to the first: a row's reference to itself would go with it. */
async function plantSecond(probe: Probe, member: Member, key: ForeignKey): Promise<PlantedRow | undefined> {
  const { session, family, plantation } = probe;
  const first = plantation.rows.get(member.name);
  const second = composeRow(member, plantation.rows, 2, referredColumns(family).get(member.name) ?? new Set());
  if (!first || !second || isRequired(member, key)) return undefined;
  const reference = key.columns.map(
    (column, place) => [column, first.get(key.parentColumns[place] ?? '') ?? 'NULL'] as const,
  );
  return insertRow(session, member, new Map([...second, ...reference]));
}
