import { quoteName } from '../../mysql/quote.ts';
import type { Column } from '../../schema/types.ts';
import { checkConstraints } from '../values/check-constraints.ts';
import { isRequired, type Member } from './family.ts';
import { valueFor } from './values.ts';

/** A row as it is inserted: column → value as SQL. */
export type PlantedRow = ReadonlyMap<string, string>;

/** The rows that have been inserted, by table. */
export type Planted = ReadonlyMap<string, PlantedRow>;

/** Values for the columns that a row cannot do without, keys and parents among them; undefined while a parent has no row. */
export function composeRow(
  member: Member,
  planted: Planted,
  number: number,
  needed: ReadonlySet<string>,
): PlantedRow | undefined {
  const row = new Map<string, string>();
  const keyColumns = new Set(
    member.shape.indexes.filter((index) => index.isUnique).flatMap((index) => index.columns.map(withoutLength)),
  );
  for (const column of member.shape.columns) {
    const isKey = keyColumns.has(column.name) || needed.has(column.name);
    if (column.generation !== undefined || !(isKey ? !column.isNullable : isMissed(column))) continue;
    const value = isJson(member, column) ? `'{}'` : valueFor(column, number, isKey);
    if (value !== undefined) row.set(column.name, value);
  }
  for (const key of member.keys.filter((candidate) => isRequired(member, candidate))) {
    const parent = key.parentTable === member.name ? row : planted.get(key.parentTable);
    if (!parent) return undefined;
    key.columns.forEach((column, place) => {
      row.set(column, parent.get(key.parentColumns[place] ?? '') ?? 'NULL');
    });
  }
  return row;
}

export function insertText(table: string, row: PlantedRow): string {
  const columns = [...row.keys()].map(quoteName).join(', ');
  return `INSERT INTO ${quoteName(table)} (${columns}) VALUES (${[...row.values()].join(', ')})`;
}

/** The condition that finds the row again. */
export function whereRow(member: Member, row: PlantedRow): string {
  const primary = member.shape.indexes.find((index) => index.name === 'PRIMARY')?.columns.map(withoutLength);
  const columns = primary?.every((column) => row.has(column)) ? primary : [...row.keys()];
  return columns.map((column) => `${quoteName(column)} <=> ${row.get(column)}`).join(' AND ');
}

/** An INSERT without it would be refused. */
function isMissed(column: Column): boolean {
  return !column.isNullable && column.default === null && !column.extra.includes('auto_increment');
}

/** MariaDB's JSON is LONGTEXT with a check. */
function isJson({ object }: Member, column: Column): boolean {
  return checkConstraints(object).some(({ clause }) =>
    clause.toLowerCase().includes(`json_valid(${quoteName(column.name).toLowerCase()})`),
  );
}

export function withoutLength(part: string): string {
  return part.replace(/\(\d+\)$/, '');
}
