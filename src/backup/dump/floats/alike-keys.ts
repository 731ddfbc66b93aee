import type { Server, Session } from '../../../mysql/connect.ts';
import { quoteName, quoteQualified } from '../../../mysql/quote.ts';
import { groupBy } from '../../../schema/group.ts';

interface KeyPart {
  readonly [column: string]: unknown;
  readonly table: string;
  readonly index: string;
  readonly column: string;
  readonly isFloat: boolean;
  readonly length: number | string | null;
}

/** Its message names the keys. */
export class AlikeKeys extends Error {
  /** What the operator types before the backup is taken again. */
  readonly remedy: string;

  constructor(alike: readonly (readonly KeyPart[])[]) {
    const names = alike.map(([first]) => `${first?.index} of ${first?.table}`).join(', ');
    super(
      `no load would take it: rows that the unique key ${names} tells apart are alike in the six digits that a dump tells of a FLOAT`,
    );
    this.name = 'AlikeKeys';
    const floats = alike.flatMap((parts) => parts.filter(({ isFloat }) => isFloat));
    this.remedy = floats
      .map(
        ({ table, column }) =>
          `ALTER TABLE ${quoteName(table)} MODIFY ${quoteName(column)} DOUBLE, with what else stands in its definition`,
      )
      .join('; ');
  }
}

/**
 * A dump tells a FLOAT with six digits until all rows are loaded, and a unique key is looked at before. Throws `AlikeKeys` where
 * two rows would be one then. One query where no unique key has a FLOAT.
 */
export async function requireKeysTold(
  { target: { database } }: Server,
  session: Session,
  tables: readonly { readonly name: string }[],
): Promise<void> {
  const names = new Set(tables.map(({ name }) => name));
  const floats = await session.query<{ table: string; column: string }>(
    `SELECT table_name AS \`table\`, column_name AS \`column\` FROM information_schema.columns WHERE table_schema = ? AND data_type = 'float'`,
    [database],
  );
  const isFloat = new Set(floats.map(({ table, column }) => JSON.stringify([table, column])));
  const found = floats.map(({ table }) => table).filter((table) => names.has(table));
  if (found.length === 0) return;
  const parts = await session.query<Omit<KeyPart, 'isFloat'>>(
    `SELECT table_name AS \`table\`, index_name AS \`index\`, column_name AS \`column\`, sub_part AS length
       FROM information_schema.statistics
      WHERE table_schema = ? AND table_name IN (?) AND non_unique = 0 AND column_name IS NOT NULL
      ORDER BY table_name, index_name, seq_in_index`,
    [database, [...new Set(found)]],
  );
  const keys = groupBy(
    parts.map((part) => ({ ...part, isFloat: isFloat.has(JSON.stringify([part.table, part.column])) }) as KeyPart),
    ({ table, index }) => JSON.stringify([table, index]),
  );
  const alike: KeyPart[][] = [];
  for (const key of keys.values()) {
    const table = key[0]?.table ?? '';
    if (!key.some((part) => part.isFloat)) continue;
    const told = key.map(toldSql).join(', ');
    const there = key.map(({ column }) => `${quoteName(column)} IS NOT NULL`).join(' AND ');
    const sql = `SELECT 1 FROM ${quoteQualified(database, table)} WHERE ${there} GROUP BY ${told} HAVING COUNT(*) > 1 LIMIT 1`;
    if ((await session.query(sql)).length > 0) alike.push(key);
  }
  if (alike.length > 0) throw new AlikeKeys(alike);
}

function toldSql({ column, isFloat, length }: KeyPart): string {
  const name = quoteName(column);
  if (isFloat) return `CAST(${name} AS CHAR)`;
  return length === null ? name : `LEFT(${name}, ${Number(length)})`;
}
