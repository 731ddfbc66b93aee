import { quoteName, quoteQualified } from '../mysql/quote.ts';
import { DIGEST, NUMBER, type Role, type Undo, type Undoing } from './scratch.ts';
import { digestOf, exactly, type Reference, type UndoneTable } from './shape.ts';

/*
 * Every statement here finds rows that cannot be undone, by role and number: s is the row beside production, p a row of
 * production. What is beside stands first, and is joined to production by its keys: only what is undone is looked at, and locked.
 * Where there is no key, production is read once, and each row of it looked up beside by its digest.
 */

/** Beside columns of the user's, under names that none of them has. */
const [ROLE, TURN] = ['gateway_migrate_role', 'gateway_migrate_turn'];

/** PURE: whatever of the rows that were left is not there any more as it was left. */
export function changedSql(undo: Undo, one: Undoing, role: 'now' | 'off'): string | undefined {
  const { table, beside } = one;
  if (table.key.length === 0) return undefined;
  const p = quoteQualified(undo.database, table.table);
  return `SELECT STRAIGHT_JOIN '${role}' AS role, s.${NUMBER} AS n, ${isNull('p', table.key)} AS isGone
    FROM ${beside[role]} s LEFT JOIN ${p} p ON ${equal(table.key, 's', 'p')}
    WHERE ${isNull('p', table.key)} OR NOT (${same(table, 's', 'p')})`;
}

/** PURE: the same without a key, where rows may be equal: as many have to be there as were left. */
export function missingSql(undo: Undo, one: Undoing): string | undefined {
  return one.table.key.length > 0 ? undefined : lackingSql(undo, one, ['now', 'off']);
}

/** PURE: of rows without a key, those that production has too few of. It is read once, and counted by what is beside. */
function lackingSql(undo: Undo, { table, beside, images }: Undoing, roles: readonly Role[]): string | undefined {
  if (roles.every((role) => images[role].length === 0)) return undefined;
  const union = (columns: (role: Role) => string, all: string) =>
    roles.map((role) => `SELECT ${columns(role)} FROM ${beside[role]}`).join(` UNION${all} `);
  const rows = union((role) => `'${role}' AS ${ROLE}, ${NUMBER}, ${DIGEST}`, ' ALL');
  return `SELECT s.${ROLE} AS role, s.${NUMBER} AS n, 0 AS isGone FROM (
      SELECT u.*, ROW_NUMBER() OVER (PARTITION BY u.${DIGEST} ORDER BY u.${ROLE}, u.${NUMBER}) AS ${TURN} FROM (${rows}) u) s
    LEFT JOIN (
      SELECT k.${DIGEST}, COUNT(*) AS many FROM ${quoteQualified(undo.database, table.table)} p
      STRAIGHT_JOIN (${union(() => DIGEST, '')}) k ON k.${DIGEST} = ${digestOf(table, 'p')} GROUP BY k.${DIGEST}) c
    ON c.${DIGEST} = s.${DIGEST} WHERE s.${TURN} > COALESCE(c.many, 0)`;
}

/** PURE: a row that came since has the key of one that is to come back, or to be set back. */
export function takenSql(undo: Undo, one: Undoing, role: 'was' | 'back', unique: readonly string[]): string {
  const { table, beside } = one;
  const p = quoteQualified(undo.database, table.table);
  return `SELECT STRAIGHT_JOIN DISTINCT '${role}' AS role, s.${NUMBER} AS n FROM ${beside[role]} s
    JOIN ${p} p ON ${equal(unique, 's', 'p')}
    LEFT JOIN ${beside.now} a ON ${isSame(table, 'a', 'p')} LEFT JOIN ${beside.off} b ON ${isSame(table, 'b', 'p')}
    WHERE a.${NUMBER} IS NULL AND b.${NUMBER} IS NULL`;
}

/** PURE: two of the rows beside are one of production: between the transactions somebody else has changed it. */
export function twiceSql({ beside }: Undoing, roles: readonly [Role, Role], unique: readonly string[]): string {
  const names = unique.map(quoteName);
  const union = roles
    .map(
      (role) =>
        `SELECT '${role}' AS ${ROLE}, ${NUMBER}, ${names.join(', ')} FROM ${beside[role]} WHERE ${names.map((name) => `${name} IS NOT NULL`).join(' AND ')}`,
    )
    .join(' UNION ALL ');
  return `SELECT ${ROLE} AS role, ${NUMBER} AS n FROM (
      SELECT u.*, COUNT(*) OVER (PARTITION BY ${names.join(', ')}) AS ${TURN} FROM (${union}) u) s WHERE ${TURN} > 1`;
}

/** PURE: the row that it belongs to is neither there, nor comes back. */
export function parentlessSql(undo: Undo, one: Undoing, role: 'was' | 'back', { child, parent }: Reference): string {
  const values = child.columns.map((name) => `s.${quoteName(name)}`);
  const matches = (alias: string) =>
    parent.columns.map((name, index) => `${alias}.${quoteName(name)} = ${values[index]}`).join(' AND ');
  const touched = parent.database === undo.database ? find(undo, parent.table) : undefined;
  const joins = touched
    ? `LEFT JOIN ${touched.beside.off} o ON ${isSame(touched.table, 'o', 'p')}
       LEFT JOIN ${touched.beside.now} w ON ${isSame(touched.table, 'w', 'p')}
       LEFT JOIN ${touched.beside.back} b ON ${matches('b')} LEFT JOIN ${touched.beside.was} a ON ${matches('a')}`
    : '';
  const stays = `${isThere('p', parent.columns)}${touched ? ` AND o.${NUMBER} IS NULL AND w.${NUMBER} IS NULL` : ''}`;
  const comes = touched ? ` + COUNT(b.${NUMBER}) + COUNT(a.${NUMBER})` : '';
  return `SELECT STRAIGHT_JOIN '${role}' AS role, s.${NUMBER} AS n FROM ${one.beside[role]} s
    LEFT JOIN ${quoteQualified(parent.database, parent.table)} p ON ${matches('p')} ${joins}
    WHERE ${values.map((value) => `${value} IS NOT NULL`).join(' AND ')}
    GROUP BY s.${NUMBER} HAVING SUM(${stays})${comes} = 0`;
}

/** PURE: rows of a child that are not undone belong to a row that is to go, or that gets another key. */
export function childrenSql(undo: Undo, one: Undoing, role: 'now' | 'off', { child, parent }: Reference): string {
  const matches = (alias: string) =>
    parent.columns.map((name) => `${alias}.${quoteName(name)} = s.${quoteName(name)}`).join(' AND ');
  const meets = child.columns
    .map((name, index) => `c.${quoteName(name)} = s.${quoteName(parent.columns[index] ?? '')}`)
    .join(' AND ');
  const touched = child.database === undo.database ? find(undo, child.table) : undefined;
  const joins = touched
    ? `LEFT JOIN ${touched.beside.off} o ON ${isSame(touched.table, 'o', 'c')}
       LEFT JOIN ${touched.beside.now} w ON ${isSame(touched.table, 'w', 'c')}`
    : '';
  return `SELECT STRAIGHT_JOIN DISTINCT '${role}' AS role, s.${NUMBER} AS n FROM ${one.beside[role]} s
    JOIN ${quoteQualified(child.database, child.table)} c ON ${meets} ${joins}
    LEFT JOIN ${one.beside.back} b ON ${matches('b')} LEFT JOIN ${one.beside.was} a ON ${matches('a')}
    WHERE b.${NUMBER} IS NULL AND a.${NUMBER} IS NULL${touched ? ` AND o.${NUMBER} IS NULL AND w.${NUMBER} IS NULL` : ''}`;
}

/** PURE: takes a lock on every row that will go or be set back, so that it stays as it is found. */
export function lockSql(undo: Undo, { table, beside }: Undoing, role: 'now' | 'off'): string {
  const p = `${quoteQualified(undo.database, table.table)} p`;
  const s = `${beside[role]} s`;
  // Without a key all of production is read, and each row looked up beside.
  const [outer, inner] = table.key.length > 0 ? [s, p] : [p, s];
  return `SELECT COUNT(*) AS n FROM ${outer} STRAIGHT_JOIN ${inner} ON ${isSame(table, 's', 'p')} FOR UPDATE`;
}

/** PURE: how many rows that are set back have another unique key then; undefined where there is none. */
export function movedSql({ table, beside }: Undoing): string | undefined {
  const names = new Set(table.uniques.flat().map((name) => name.toLowerCase()));
  const columns = table.columns.filter(({ name }) => names.has(name.toLowerCase()));
  if (columns.length === 0) return undefined;
  const equals = columns.map((column) =>
    ['s', 'w'].map((alias) => exactly(column, `${alias}.${quoteName(column.name)}`)).join(' <=> '),
  );
  return `SELECT COUNT(*) AS n FROM ${beside.now} s JOIN ${beside.was} w ON w.${NUMBER} = s.${NUMBER} WHERE NOT (${equals.join(' AND ')})`;
}

/** PURE: how many rows that are back, or set back, are not in production as they were. */
export function unequalSql(undo: Undo, one: Undoing): string[] {
  const { table, beside } = one;
  if (table.key.length === 0) {
    const lacking = lackingSql(undo, one, ['was', 'back']);
    return lacking === undefined ? [] : [`SELECT COUNT(*) AS n FROM (${lacking}) l`];
  }
  const p = quoteQualified(undo.database, table.table);
  return (['was', 'back'] as const).map(
    (role) => `SELECT COUNT(*) AS n FROM ${beside[role]} s
    WHERE (SELECT COUNT(*) FROM ${p} p WHERE ${isSame(table, 's', 'p')} AND ${same(table, 's', 'p')}) = 0`,
  );
}

export function find({ tables }: Undo, name: string): Undoing | undefined {
  return tables.find(({ table }) => table.table === name);
}

/** A row beside and one of production: by its key, or where nothing else tells it from others, by all that is in it. */
function isSame(table: UndoneTable, beside: string, present: string): string {
  if (table.key.length > 0) return equal(table.key, beside, present);
  return `${beside}.${DIGEST} = ${digestOf(table, present)}`;
}

function compared({ columns }: UndoneTable) {
  return columns.filter(({ isComputed }) => !isComputed);
}

export function same(table: UndoneTable, a: string, b: string): string {
  return compared(table)
    .map((column) => [a, b].map((alias) => exactly(column, `${alias}.${quoteName(column.name)}`)).join(' <=> '))
    .join(' AND ');
}

export function equal(columns: readonly string[], a: string, b: string): string {
  return columns.map((name) => `${a}.${quoteName(name)} = ${b}.${quoteName(name)}`).join(' AND ');
}

/** In a LEFT JOIN on columns that are never NULL: there was none. */
function isNull(alias: string, columns: readonly string[]): string {
  return `${alias}.${quoteName(columns[0] ?? '')} IS NULL`;
}

function isThere(alias: string, columns: readonly string[]): string {
  return `${alias}.${quoteName(columns[0] ?? '')} IS NOT NULL`;
}

/** PURE: after the undo, children of a row that is gone, or whose key is another one. */
export function abandonedSql(one: Undoing, role: 'now' | 'off', { child, parent }: Reference): string {
  const values = parent.columns.map((name) => `s.${quoteName(name)}`);
  const on = (alias: string, columns: readonly string[]) =>
    columns.map((name, index) => `${alias}.${quoteName(name)} = ${values[index]}`).join(' AND ');
  return `SELECT STRAIGHT_JOIN COUNT(*) AS n FROM ${one.beside[role]} s
    JOIN ${quoteQualified(child.database, child.table)} c ON ${on('c', child.columns)}
    LEFT JOIN ${quoteQualified(parent.database, parent.table)} p ON ${on('p', parent.columns)}
    WHERE ${isNull('p', parent.columns)}`;
}

/** PURE: after the undo, rows that are back and whose parent is not there. */
export function orphanedSql(one: Undoing, role: 'was' | 'back', { child, parent }: Reference): string {
  const values = child.columns.map((name) => `s.${quoteName(name)}`);
  const on = parent.columns.map((name, index) => `p.${quoteName(name)} = ${values[index]}`).join(' AND ');
  return `SELECT STRAIGHT_JOIN COUNT(*) AS n FROM ${one.beside[role]} s
    LEFT JOIN ${quoteQualified(parent.database, parent.table)} p ON ${on}
    WHERE ${isNull('p', parent.columns)} AND ${values.map((value) => `${value} IS NOT NULL`).join(' AND ')}`;
}
