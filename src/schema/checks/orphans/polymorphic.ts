import type { Polymorphic } from '../../../config/config.ts';
import type { Session } from '../../../mysql/connect.ts';
import type { Flavor } from '../../../mysql/flavor.ts';
import { textLiteral } from '../../../mysql/literal.ts';
import { quoteName, quoteQualified } from '../../../mysql/quote.ts';
import { isLeading } from '../../index-cover.ts';
import type { Snapshot } from '../../types.ts';
import { type Check, detailOf } from '../check.ts';
import { selectWithin } from '../time-limit.ts';
import type { Link } from './link.ts';

const WITHIN_MS = 5_000;
const MOST_TYPES = 20;

/** One link a type of every pair: the rows of that type refer to one table. PURE. */
export function polymorphicLinks(pairs: readonly Polymorphic[], snapshot: Snapshot): Link[] {
  return pairs.flatMap(({ from, type, to }) => {
    const shape = snapshot.objects.get(`table:${from.table}`)?.table;
    const isNullable = shape?.columns.some(({ name, isNullable }) => name === from.column && isNullable);
    return Object.entries(to).map(([value, parent]) => ({
      table: from.table,
      columns: [from.column],
      parentSchema: snapshot.database,
      parentTable: parent.table,
      parentColumns: [parent.column],
      isIndexed: isLeading(shape, [type, from.column]),
      name: `${from.table}.${from.column} (${value}) → ${parent.table}.${parent.column}`,
      condition: { column: type, value },
      isForeignKey: false,
      repair: isNullable ? ('set null' as const) : ('delete' as const),
    }));
  });
}

/** One check a pair: does the configuration say of every type in the rows which table it means? */
export async function checkTypes(
  session: Session,
  flavor: Flavor,
  database: string,
  pairs: readonly Polymorphic[],
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const pair of pairs) checks.push(await checkPair(session, flavor, database, pair));
  return checks;
}

async function checkPair(session: Session, flavor: Flavor, database: string, pair: Polymorphic): Promise<Check> {
  const { from, type, to } = pair;
  const check = { group: 'orphans', name: `${from.table}.${type} is a known type`, level: 'warning' } as const;
  const known = Object.keys(to).map(textLiteral).join(', ');
  const column = quoteName(type);
  const select = `DISTINCT ${column} AS type FROM ${quoteQualified(database, from.table)} WHERE ${column} NOT IN (${known}) LIMIT ${MOST_TYPES}`;
  try {
    const rows = await selectWithin<{ type: unknown }>(session, flavor, WITHIN_MS, select);
    if (rows === undefined) {
      const remedy = `ALTER TABLE ${quoteName(from.table)} ADD INDEX (${column}, ${quoteName(from.column)})`;
      return {
        ...check,
        ok: false,
        detail: `not known: reading the types takes longer than ${WITHIN_MS / 1000} s`,
        remedy,
      };
    }
    if (rows.length === 0) return { ...check, ok: true, detail: Object.keys(to).join(', ') };
    const found = rows.map((row) => String(row.type)).join(', ');
    const remedy = 'add them to verify.references in the configuration';
    return {
      ...check,
      ok: false,
      detail: `no table is named for ${found}: orphans of them are not looked for`,
      remedy,
    };
  } catch (error) {
    return { ...check, ok: false, level: 'error', detail: detailOf(error) };
  }
}
