import type { Session } from '../mysql/connect.ts';
import { quoteName, quoteQualified } from '../mysql/quote.ts';
import { orphanQuery } from '../schema/checks/orphans.ts';
import { nameReference, type Reference } from '../schema/checks/references.ts';
import { readTableNames } from '../schema/tables.ts';
import type { OrphanKey } from './orphan-keys.ts';

/** The foreign keys that join tables of a backup with tables of production that stay. */
export interface SeamKeys {
  /** Of the backup's tables: their parents stay. */
  readonly arriving: readonly OrphanKey[];
  /** Of tables that stay: their parents are exchanged. */
  readonly staying: readonly OrphanKey[];
}

interface Seam {
  readonly database: string;
  /** Where the backup's tables are. */
  readonly side: string;
  /** Every table that the backup has. */
  readonly backedUp: ReadonlySet<string>;
}

/** A key that rows would break after the exchange. */
export interface BrokenKey {
  /** A sentence for people. */
  readonly description: string;
  /** The table that stays, at the other end of it. */
  readonly other: string;
}

/** Which keys would not hold once the backup's tables have taken the place of production's. Reads only. */
export async function findBrokenKeys(
  session: Session,
  { arriving, staying }: SeamKeys,
  { database, side, backedUp }: Seam,
): Promise<BrokenKey[]> {
  const present = await readTableNames(session, database);
  const broken: BrokenKey[] = [];
  for (const key of arriving) {
    const other = key.parentTable;
    if (!present.has(other)) {
      // Where the backup has no such parent either, the key led nowhere then.
      if (backedUp.has(other)) broken.push({ other, description: `${nameKey(key)}: the table ${other} is not there` });
      continue;
    }
    const found = await countOrphans(session, side, database, key);
    if (!found) continue;
    const description = `${nameKey(key)}: ${found.rows} of the backup's ${key.table} without a row in ${other}, such as ${found.example}`;
    broken.push({ other, description });
  }
  for (const key of staying) {
    const found = await countOrphans(session, database, side, key);
    if (!found) continue;
    const description = `${nameKey(key)}: ${found.rows} of ${key.table} without a row in the backup's ${key.parentTable}, such as ${found.example}`;
    broken.push({ other: key.table, description });
  }
  return broken;
}

function nameKey(key: OrphanKey): string {
  return `${key.name} (${nameReference(toReference(key, key.parentSchema))})`;
}

function toReference(key: OrphanKey, parentSchema: string): Reference {
  return { ...key, parentSchema, isIndexed: key.index !== undefined };
}

/** First whether there is any, which an index answers at once; rows are counted only when there is. */
async function countOrphans(
  session: Session,
  childDatabase: string,
  parentDatabase: string,
  key: OrphanKey,
): Promise<{ rows: string; example: string } | undefined> {
  const [first] = await session.query(`SELECT ${orphanQuery(childDatabase, toReference(key, parentDatabase))}`);
  if (first === undefined) return undefined;
  const joined = key.columns.map(
    (column, at) => `p.${quoteName(key.parentColumns[at] ?? '')} = k.${quoteName(column)}`,
  );
  const isKey = key.columns.map((column) => `k.${quoteName(column)} IS NOT NULL`);
  const [row] = await session.query<{ n: number | string }>(
    `SELECT COUNT(*) AS n FROM ${quoteQualified(childDatabase, key.table)} k
     LEFT JOIN ${quoteQualified(parentDatabase, key.parentTable)} p ON ${joined.join(' AND ')}
     WHERE ${isKey.join(' AND ')} AND p.${quoteName(key.parentColumns[0] ?? '')} IS NULL`,
  );
  const example = key.columns.map((column) => `${column} = ${String(first[column])}`).join(', ');
  return { rows: Number(row?.n) === 1 ? '1 row' : `${row?.n} rows`, example };
}
