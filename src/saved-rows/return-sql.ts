import { quoteName, quoteQualified } from '../mysql/quote.ts';
import type { ForeignKey } from '../schema/types.ts';
import type { Returning } from './pairing.ts';

/** Where the saved rows are, and where they come back to. */
export interface ReturnPlace {
  readonly saved: string;
  readonly present: string;
}

/*
 * In every statement s is the saved row, p the present one of the same key. Rows that do not come back are taken out of
 * the saved ones first, so that what is left comes back as a whole. Several tables in one DELETE or UPDATE, because a
 * subquery may not read the table that is changed (error 1093).
 */

/** Takes out the values of rows that are not there any more. */
export function dropGoneSql(one: Returning, place: ReturnPlace): string {
  return `DELETE s FROM ${savedOf(one, place)} LEFT JOIN ${presentOf(one, place)} ON ${same(one.key, 's', 'p')} WHERE ${isMissing('p', one.key)}`;
}

/** Takes out rows of a table that was dropped, where a present row has their primary key. */
export function dropTakenSql(one: Returning, place: ReturnPlace): string {
  return `DELETE s FROM ${savedOf(one, place)} JOIN ${presentOf(one, place)} ON ${same(one.key, 's', 'p')}`;
}

/** The same for another unique index, but for present rows that are about to give way themselves. */
export function dropTakenUniqueSql(one: Returning, unique: readonly string[], place: ReturnPlace): string {
  const taken = `DELETE s FROM ${savedOf(one, place)} JOIN ${presentOf(one, place)} ON ${same(unique, 's', 'p')}`;
  if (one.key.length === 0) return taken;
  const giving = `LEFT JOIN ${quoteQualified(place.saved, one.table)} g ON ${same(one.key, 'g', 'p')}`;
  return `${taken} ${giving} WHERE ${isMissing('g', one.key)}`;
}

/** Takes away present rows that the saved ones of the same key replace. */
export function giveWaySql(one: Returning, place: ReturnPlace): string {
  return `DELETE p FROM ${presentOf(one, place)} JOIN ${savedOf(one, place)} ON ${same(one.key, 's', 'p')}`;
}

/** What is done about a saved row whose parent is gone: NULL where the key says so, as the server would have done. */
export function orphanFate(one: Returning, key: ForeignKey): 'null' | 'left' | 'kept' {
  const nulled = key.columns.filter((name) => one.columns.includes(name));
  if (key.onDelete === 'SET NULL' && nulled.every((name) => one.nullable.includes(name))) return 'null';
  return one.isWhole ? 'left' : 'kept';
}

/**
 * Mends the saved rows whose parent is neither in production nor among the rows that come back. Reads production's
 * parents with a lock (InnoDB does so for rows that a change depends on), so that none of them goes before the commit.
 */
export function mendOrphansSql(one: Returning, key: ForeignKey, isParentSaved: boolean, place: ReturnPlace): string {
  const fate = orphanFate(one, key);
  const isBack = (name: string) => one.columns.includes(name);
  const values = key.columns.map((name) => `${isBack(name) ? 's' : 'p'}.${quoteName(name)}`);
  const parent = (alias: string, schema: string) =>
    `LEFT JOIN ${quoteQualified(schema, key.parentTable)} ${alias} ON ${key.parentColumns
      .map((name, index) => `${alias}.${quoteName(name)} = ${values[index]}`)
      .join(' AND ')}`;
  const from = [
    savedOf(one, place),
    ...(one.isWhole ? [] : [`JOIN ${presentOf(one, place)} ON ${same(one.key, 's', 'p')}`]),
    parent('h', key.parentSchema),
    ...(isParentSaved ? [parent('w', place.saved)] : []),
  ].join(' ');
  const orphaned = [
    ...values.map((value) => `${value} IS NOT NULL`),
    isMissing('h', key.parentColumns),
    ...(isParentSaved ? [isMissing('w', key.parentColumns)] : []),
  ];
  if (fate === 'left') return `DELETE s FROM ${from} WHERE ${orphaned.join(' AND ')}`;
  const mended = key.columns.filter(isBack).map(quoteName);
  const sets = mended.map((name) => `s.${name} = ${fate === 'null' ? 'NULL' : `p.${name}`}`);
  // A value that is kept as it is now must not be found again and again.
  if (fate === 'kept') orphaned.push(`NOT (${mended.map((name) => `s.${name} <=> p.${name}`).join(' AND ')})`);
  return `UPDATE ${from} SET ${[...sets, ...unrenewed('s', one.renewed.saved)].join(', ')} WHERE ${orphaned.join(' AND ')}`;
}

export function insertSql(one: Returning, place: ReturnPlace): string {
  const columns = one.columns.map(quoteName).join(', ');
  return `INSERT INTO ${quoteQualified(place.present, one.table)} (${columns}) SELECT ${columns} FROM ${savedOf(one, place)}`;
}

export function updateSql(one: Returning, place: ReturnPlace): string {
  const sets = one.columns.map((name) => `p.${quoteName(name)} = s.${quoteName(name)}`);
  return `UPDATE ${presentOf(one, place)} JOIN ${savedOf(one, place)} ON ${same(one.key, 's', 'p')} SET ${[...sets, ...unrenewed('p', one.renewed.present)].join(', ')}`;
}

/** Counts saved rows that are not in production as they were saved. */
export function countUnequalSql(one: Returning, place: ReturnPlace): string {
  const equal = one.comparable.map(({ name, isText }) => {
    const [saved, present] = ['s', 'p'].map((alias) => `${alias}.${quoteName(name)}`);
    // Byte for byte, and whatever the collations of the two are.
    const side = (value: string | undefined) =>
      isText ? `CONVERT(${value} USING utf8mb4) COLLATE utf8mb4_bin` : value;
    return `${side(saved)} <=> ${side(present)}`;
  });
  const differs = equal.length > 0 ? ` OR NOT (${equal.join(' AND ')})` : '';
  return `SELECT COUNT(*) AS n FROM ${savedOf(one, place)} LEFT JOIN ${presentOf(one, place)} ON ${same(one.key, 's', 'p')} WHERE ${isMissing('p', one.key)}${differs}`;
}

export function countSavedSql(one: Returning, place: ReturnPlace): string {
  return `SELECT COUNT(*) AS n FROM ${savedOf(one, place)}`;
}

function savedOf({ table }: Returning, { saved }: ReturnPlace): string {
  return `${quoteQualified(saved, table)} s`;
}

function presentOf({ table }: Returning, { present }: ReturnPlace): string {
  return `${quoteQualified(present, table)} p`;
}

function same(columns: readonly string[], a: string, b: string): string {
  return columns.map((name) => `${a}.${quoteName(name)} = ${b}.${quoteName(name)}`).join(' AND ');
}

/** In a LEFT JOIN on these columns: there was none. */
function isMissing(alias: string, columns: readonly string[]): string {
  return `${alias}.${quoteName(columns[0] ?? '')} IS NULL`;
}

/** Assigned to itself a column does not take the present time. */
function unrenewed(alias: string, columns: readonly string[]): string[] {
  return columns.map((name) => `${alias}.${quoteName(name)} = ${alias}.${quoteName(name)}`);
}
