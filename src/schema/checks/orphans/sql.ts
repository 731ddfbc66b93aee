import { textLiteral } from '../../../mysql/literal.ts';
import { quoteName, quoteQualified } from '../../../mysql/quote.ts';
import type { Snapshot } from '../../types.ts';
import { type Link, typeOf, type Way } from './link.ts';

const INTEGER = /^(?:tiny|small|medium|big)?int\b/;
const TEXT = /^(?:var)?char\b/;

export interface Page {
  /** The last key or row of the page before; undefined: the first page. */
  readonly after: unknown;
  /** Keys or rows at most. */
  readonly size: number;
}

/** The statements of one link. Each stands after the word SELECT, and reads no more than a page. PURE. */
export function linkSql(link: Link, way: Way, snapshot: Snapshot) {
  const { columns } = link;
  const child = quoteQualified(snapshot.database, link.table);
  const parent = quoteQualified(link.parentSchema, link.parentTable);
  const matches = columns.map(
    (_, place) => `p.${quoteName(link.parentColumns[place] ?? '')} = ${keyOf(link, place, snapshot)}`,
  );
  const present = columns.map((_, place) => `k.c${place} IS NOT NULL`).join(' AND ');
  const isUnique = isUniqueIn(snapshot, link);
  const join = isUnique ? `LEFT JOIN ${parent} p ON ${matches.join(' AND ')}` : '';
  const absent = isUnique
    ? `p.${quoteName(link.parentColumns[0] ?? '')} IS NULL`
    : `NOT EXISTS (SELECT 1 FROM ${parent} p WHERE ${matches.join(' AND ')})`;
  const source = (page: Page) => `(${pageSql(link, way, child, page)}) k ${join}`;
  // Merged into the query around it by both servers: nothing is materialised.
  const entriesOf = (after: unknown, last: unknown) =>
    `(SELECT ${columns.map((column, place) => `${quoteName(column)} AS c${place}`).join(', ')} FROM ${child} ` +
    `WHERE ${upTo(link, way, after, last)}) k ${join}`;
  const last = way.by === 'keys' ? 'MAX(k.c0)' : way.by === 'rows' ? 'MIN(k.pk)' : 'NULL';
  return {
    count: (page: Page) =>
      `COUNT(*) AS n, ${last} AS last, COUNT(CASE WHEN ${present} AND ${absent} THEN 1 END) AS orphans FROM ${source(page)}`,
    /** Of a page by keys: its entries up to `most`, so that few keys of many rows are told from many of few. */
    entries: (last: unknown, most: number) =>
      `COUNT(*) AS n FROM (SELECT 1 FROM ${child} WHERE ${upTo(link, way, undefined, last)} LIMIT ${most}) e`,
    /** Where a page of entries ends. */
    end: ({ after, size }: Page) => {
      const key = quoteName(columns[0] ?? '');
      return `${key} AS last FROM ${child} WHERE ${upTo(link, way, after, undefined)} ORDER BY ${key} LIMIT ${size}, 1`;
    },
    /** A page of entries, read without being kept. */
    countEntries: (after: unknown, last: unknown) =>
      `COUNT(*) AS orphans FROM ${entriesOf(after, last)} WHERE ${present} AND ${absent}`,
    sampleEntries: (after: unknown, last: unknown, most: number) =>
      `DISTINCT k.c0 FROM ${entriesOf(after, last)} WHERE ${absent} LIMIT ${most}`,
    sample: (page: Page, most: number) =>
      `DISTINCT ${columns.map((_, place) => `k.c${place}`).join(', ')} FROM ${source(page)} WHERE ${present} AND ${absent} LIMIT ${most}`,
  };
}

/** The entries behind `after` and up to `last`. */
function upTo(link: Link, way: Way, after: unknown, last: unknown): string {
  const key = quoteName(link.columns[0] ?? '');
  const type = way.by === 'keys' || way.by === 'entries' ? way.type : '';
  const { condition } = link;
  return [
    ...(condition ? [`${quoteName(condition.column)} = ${textLiteral(condition.value)}`] : []),
    after === undefined ? `${key} IS NOT NULL` : `${key} > ${literal(after, type)}`,
    ...(last === undefined ? [] : [`${key} <= ${literal(last, type)}`]),
  ].join(' AND ');
}

function pageSql(link: Link, way: Way, child: string, { after, size }: Page): string {
  const keys = link.columns.map((column, place) => `${quoteName(column)} AS c${place}`).join(', ');
  const { condition } = link;
  const where = condition ? [`${quoteName(condition.column)} = ${textLiteral(condition.value)}`] : [];
  if (way.by === 'keys') {
    const key = quoteName(link.columns[0] ?? '');
    where.push(after === undefined ? `${key} IS NOT NULL` : `${key} > ${literal(after, way.type)}`);
    return `SELECT DISTINCT ${keys} FROM ${child} WHERE ${where.join(' AND ')} ORDER BY ${key} LIMIT ${size}`;
  }
  if (way.by === 'whole' || way.by === 'entries')
    return `SELECT ${keys} FROM ${child}${where.length > 0 ? ` WHERE ${where.join(' AND ')}` : ''}`;
  const key = quoteName(way.column);
  if (after !== undefined) where.push(`${key} < ${literal(after, way.type)}`);
  const rows = `SELECT ${key} AS pk, ${keys} FROM ${child} FORCE INDEX (PRIMARY)`;
  return `${rows}${where.length > 0 ? ` WHERE ${where.join(' AND ')}` : ''} ORDER BY ${key} DESC LIMIT ${size}`;
}

/** A key of the child in the type of the parent's: `id` as text and as a number would be compared as floats, without index. */
function keyOf(link: Link, place: number, snapshot: Snapshot): string {
  const shapeOf = (table: string) => snapshot.objects.get(`table:${table}`)?.table;
  const own = typeOf(shapeOf(link.table), link.columns[place] ?? '');
  const theirs = typeOf(shapeOf(link.parentTable), link.parentColumns[place] ?? '');
  if (TEXT.test(own) && INTEGER.test(theirs))
    return `CAST(k.c${place} AS ${theirs.includes('unsigned') ? 'UN' : ''}SIGNED)`;
  if (INTEGER.test(own) && TEXT.test(theirs)) return `CAST(k.c${place} AS CHAR)`;
  return `k.c${place}`;
}

function isUniqueIn(snapshot: Snapshot, { parentSchema, parentTable, parentColumns }: Link): boolean {
  if (parentSchema !== snapshot.database) return false;
  const indexes = snapshot.objects.get(`table:${parentTable}`)?.table?.indexes ?? [];
  return indexes.some(({ isUnique, columns }) => isUnique && columns.every((column) => parentColumns.includes(column)));
}

/** Numbers stand bare: as texts, great ones would be compared as floats. */
function literal(value: unknown, type: string): string {
  if (Buffer.isBuffer(value)) return `X'${value.toString('hex')}'`;
  const text = String(value);
  return /^(?:(?:tiny|small|medium|big)?int|decimal)\b/.test(type) && /^-?[\d.]+$/.test(text)
    ? text
    : textLiteral(text);
}

/** For a person, in the sql_mode that servers come with. */
function readable(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** What shows every orphan, and what mends them: to be copied. PURE. */
export function orphanRemedy(link: Link): string {
  const child = quoteName(link.table);
  const parent = quoteName(link.parentTable);
  const on = link.columns.map(
    (column, place) => `p.${quoteName(link.parentColumns[place] ?? '')} = k.${quoteName(column)}`,
  );
  const condition = link.condition ? [`k.${quoteName(link.condition.column)} = ${readable(link.condition.value)}`] : [];
  const where = [
    ...condition,
    ...link.columns.map((column) => `k.${quoteName(column)} IS NOT NULL`),
    `p.${quoteName(link.parentColumns[0] ?? '')} IS NULL`,
  ].join(' AND ');
  const from = `${child} k LEFT JOIN ${parent} p ON ${on.join(' AND ')}`;
  const mend =
    link.repair === 'delete'
      ? `DELETE k FROM ${from} WHERE ${where};`
      : `UPDATE ${from} SET k.${quoteName(link.columns[0] ?? '')} = NULL WHERE ${where};`;
  return `to see them: SELECT k.* FROM ${from} WHERE ${where};\nto mend them: ${mend}`;
}
