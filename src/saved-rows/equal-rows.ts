import { quoteName, quoteQualified } from '../mysql/quote.ts';
import type { Returning } from './pairing.ts';
import type { ReturnPlace } from './return-sql.ts';

const TEXT = /^(?:char|varchar|tinytext|text|mediumtext|longtext|enum|set)\b/i;
const BYTES = /^(?:\w*blob|binary|varbinary|bit|geometry|point|\w*polygon|\w*linestring|multi\w+|geom\w+|vector)\b/i;
const DIGEST = quoteName('gateway_migrate_digest');
const COPY = quoteName('gateway_migrate_copy');
const COUNT = quoteName('gateway_migrate_count');

/*
 * Of a table without a key nothing tells which present row a saved one is. So equal rows are counted: of those that are
 * there n times, and were saved m times, m - n come back. Equal is what is the same byte for byte, in all columns.
 */

/** Puts saved rows back as often as they are missing. */
export function insertMissingSql(one: Returning, place: ReturnPlace): string {
  const columns = one.columns.map(quoteName).join(', ');
  return `INSERT INTO ${quoteQualified(place.present, one.table)} (${columns}) SELECT ${columns} FROM ${missing(one, place)}`;
}

export function countMissingSql(one: Returning, place: ReturnPlace): string {
  return `SELECT COUNT(*) AS n FROM ${missing(one, place)}`;
}

function missing(one: Returning, { saved, present }: ReturnPlace): string {
  const columns = one.columns.map(quoteName).join(', ');
  const from = (database: string) => quoteQualified(database, one.table);
  const [before, now] = [digestSql(one, 0), digestSql(one, 1)];
  const copies = `SELECT ${columns}, ${before} AS ${DIGEST}, ROW_NUMBER() OVER (PARTITION BY ${before}) AS ${COPY} FROM ${from(saved)}`;
  const there = `SELECT ${now} AS ${DIGEST}, COUNT(*) AS ${COUNT} FROM ${from(present)} GROUP BY ${now}`;
  return `(${copies}) s LEFT JOIN (${there}) p ON p.${DIGEST} = s.${DIGEST} WHERE s.${COPY} > COALESCE(p.${COUNT}, 0)`;
}

/** Of each column by itself: the text of a whole row may be longer than a packet. */
function digestSql({ columns, types }: Returning, side: 0 | 1): string {
  const parts = columns.map(
    (name, index) => `IFNULL(SHA2(${textSql(quoteName(name), types[index]?.[side] ?? '')}, 256), '-')`,
  );
  return `SHA2(CONCAT_WS(' ', ${parts.join(', ')}), 256)`;
}

/** Whatever the character sets are; a FLOAT has more digits than it tells. */
function textSql(column: string, type: string): string {
  if (TEXT.test(type)) return `CONVERT(${column} USING utf8mb4)`;
  if (BYTES.test(type)) return `HEX(${column})`;
  if (/^(?:float|double)/i.test(type)) return `CAST((${column} + 0e0) AS CHAR)`;
  return `CAST(${column} AS CHAR)`;
}
