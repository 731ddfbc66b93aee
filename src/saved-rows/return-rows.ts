import type { Session } from '../mysql/connect.ts';
import { quoteQualified } from '../mysql/quote.ts';
import { countMissingSql, insertMissingSql } from './equal-rows.ts';
import type { Returning } from './pairing.ts';
import {
  countSavedSql,
  countUnequalSql,
  dropGoneSql,
  dropTakenSql,
  dropTakenUniqueSql,
  giveWaySql,
  insertSql,
  mendOrphansSql,
  orphanFate,
  type ReturnPlace,
  updateSql,
} from './return-sql.ts';

/** What came back; kept with the outcome, so that whoever goes on after a crash can tell it too. */
export interface Returned {
  /** One phrase a table: `12 rows of orders`. */
  readonly back: readonly string[];
  /** Sentences: what is not as it was saved because production has changed since, and need not be. */
  readonly changed: readonly string[];
  /** Sentences: what could not come back and is in the file alone. */
  readonly left: readonly string[];
}

type Tell = { readonly [K in keyof Returned]: string[] };

/**
 * Puts saved rows and values back, inside the caller's transaction. Parents need not stand in front of their children,
 * nor children in front of their parents: every foreign key is looked at here, and the server does not check them
 * meanwhile. Throws an error when what came back is not what was saved.
 */
export async function returnRows(
  returnings: readonly Returning[],
  place: ReturnPlace & { readonly isSiteDown: boolean },
  session: Session,
): Promise<Returned> {
  const told: Tell = { back: [], changed: [], left: [] };
  for (const one of returnings) await takeOut(one, place, session, told);
  await mendOrphans(returnings, place, session, told);
  for (const one of returnings) {
    await bringBack(one, place, session, told);
    await requireSame(one, place, session);
  }
  return told;
}

/** What cannot come back because of the rows that are there, or are not. */
async function takeOut(
  one: Returning,
  place: ReturnPlace & { readonly isSiteDown: boolean },
  session: Session,
  told: Tell,
): Promise<void> {
  const { table, isWhole, key, uniques } = one;
  if (!isWhole) {
    const gone = await change(session, dropGoneSql(one, place));
    if (gone > 0) told.changed.push(`${rows(gone)} of ${table} ${are(gone)} not there any more`);
    return;
  }
  if (await isEmpty(table, place, session)) return;
  let taken = 0;
  if (key.length > 0 && !place.isSiteDown) taken += await change(session, dropTakenSql(one, place));
  for (const unique of uniques) taken += await change(session, dropTakenUniqueSql(one, unique, place));
  if (taken > 0) told.left.push(`${rows(taken)} of ${table}: another row has ${taken === 1 ? 'its' : 'their'} key now`);
}

/** Until no row is found any more: one that is left out may be the parent of others. */
async function mendOrphans(
  returnings: readonly Returning[],
  place: ReturnPlace,
  session: Session,
  told: Tell,
): Promise<void> {
  const whole = new Set(returnings.flatMap((one) => (one.isWhole ? [one.table] : [])));
  const keys = returnings.flatMap((one) => one.foreignKeys.map((key) => ({ one, key, count: 0 })));
  for (let found = true; found; ) {
    found = false;
    for (const entry of keys) {
      const { one, key } = entry;
      const isParentSaved = key.parentSchema === place.present && whole.has(key.parentTable);
      const mended = await change(session, mendOrphansSql(one, key, isParentSaved, place));
      entry.count += mended;
      found ||= mended > 0;
    }
  }
  for (const { one, key, count } of keys.filter((entry) => entry.count > 0)) {
    const columns = key.columns.join(', ');
    const gone = `${count === 1 ? 'its' : 'their'} row in ${key.parentTable} is gone`;
    const fate = orphanFate(one, key);
    if (fate === 'null') told.changed.push(`${columns} is NULL in ${rows(count)} of ${one.table}: ${gone}`);
    else if (fate === 'left') told.left.push(`${rows(count)} of ${one.table}: ${gone} (${columns})`);
    else told.left.push(`${columns} of ${rows(count)} of ${one.table}: ${gone}`);
  }
}

async function bringBack(one: Returning, place: ReturnPlace, session: Session, told: Tell): Promise<void> {
  const { table, isWhole, key, columns } = one;
  if (isWhole && key.length === 0 && !(await isEmpty(table, place, session))) {
    const missing = await count(session, countMissingSql(one, place));
    const there = (await count(session, countSavedSql(one, place))) - missing;
    if (there > 0) told.changed.push(`${rows(there)} of ${table} ${are(there)} there already, and not put back twice`);
    told.back.push(`${rows(await change(session, insertMissingSql(one, place)))} of ${table}`);
    return;
  }
  if (!isWhole) {
    const changed = await change(session, updateSql(one, place));
    told.back.push(`${columns.join(', ')} of ${rows(changed)} of ${table}`);
    return;
  }
  if (key.length > 0 && !(await isEmpty(table, place, session))) {
    const replaced = await change(session, giveWaySql(one, place));
    if (replaced > 0)
      told.changed.push(`${rows(replaced)} of ${table} that the migration made gave way to those saved`);
  }
  told.back.push(`${rows(await change(session, insertSql(one, place)))} of ${table}`);
}

async function requireSame(one: Returning, place: ReturnPlace, session: Session): Promise<void> {
  // A value of another type has another text, although it is the same.
  if (one.key.length === 0 && one.types.some(([saved, present]) => saved !== present)) return;
  const sql = one.key.length === 0 ? countMissingSql(one, place) : countUnequalSql(one, place);
  const unequal = await count(session, sql);
  if (unequal > 0) throw new Error(`${rows(unequal)} of ${one.table} would come back other than as saved`);
}

async function count(session: Session, sql: string): Promise<number> {
  const [row] = await session.query<{ n: number | string }>(sql);
  return Number(row?.n);
}

async function change(session: Session, sql: string): Promise<number> {
  return (await session.execute(sql)).rows;
}

async function isEmpty(table: string, place: ReturnPlace, session: Session): Promise<boolean> {
  return (await session.query(`SELECT 1 FROM ${quoteQualified(place.present, table)} LIMIT 1`)).length === 0;
}

function rows(count: number): string {
  return count === 1 ? '1 row' : `${count} rows`;
}

function are(count: number): string {
  return count === 1 ? 'is' : 'are';
}
