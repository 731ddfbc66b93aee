import { readAlterActions } from '../sql/alter-actions.ts';
import type { Migration, Statement } from '../types.ts';
import { columnRenames } from './column-renames.ts';

/** What migrations add to a database, under the names that it has in the end: whose rows and values a way back drops. */
export interface Additions {
  /** Table → version that makes it, empty. */
  readonly tables: ReadonlyMap<string, string>;
  /** `columnId` of each column that is added to a table → version that adds it. */
  readonly columns: ReadonlyMap<string, string>;
}

/** Columns are named without regard to case. */
export function columnId(table: string, column: string): string {
  return `${table}\n${column.toLowerCase()}`;
}

/**
 * PURE: reads the up sections in order. What only gets another name is not added: its rows are there all the time. A
 * table that is dropped and made again is.
 */
export function additionsOf(migrations: readonly Migration[]): Additions {
  const tables = new Map<string, string>();
  const columns = new Map<string, string>();
  for (const { version, up } of migrations) {
    for (const statement of up) follow(statement, version, tables, columns);
  }
  return { tables, columns };
}

function follow(
  statement: Statement,
  version: string,
  tables: Map<string, string>,
  columns: Map<string, string>,
): void {
  const [first] = statement.touches;
  if (statement.verb === 'ALTER TABLE' && first) followColumns(statement.text, nameOf(first.object), version, columns);
  const moves = statement.touches.filter(({ object }) => object.startsWith('table:'));
  for (const { action, object, to } of moves) {
    const name = nameOf(object);
    if (action === 'create') tables.set(name, version);
    if (action === 'drop') forget(name, tables, columns);
    if (action === 'rename' && to !== undefined) renameTable(name, nameOf(to), tables, columns);
  }
}

function followColumns(text: string, table: string, version: string, columns: Map<string, string>): void {
  for (const action of readAlterActions(text)) {
    if (action.type === 'add column') columns.set(columnId(table, action.name), version);
  }
  for (const { from, to } of columnRenames(text)) {
    move(columns, columnId(table, from), columnId(table, to));
  }
}

function forget(table: string, tables: Map<string, string>, columns: Map<string, string>): void {
  tables.delete(table);
  for (const id of columns.keys()) if (id.startsWith(`${table}\n`)) columns.delete(id);
}

function renameTable(from: string, to: string, tables: Map<string, string>, columns: Map<string, string>): void {
  forget(to, tables, columns);
  move(tables, from, to);
  for (const id of [...columns.keys()].filter((one) => one.startsWith(`${from}\n`))) {
    move(columns, id, `${to}\n${id.slice(from.length + 1)}`);
  }
}

function move(map: Map<string, string>, from: string, to: string): void {
  const value = map.get(from);
  map.delete(from);
  if (value !== undefined) map.set(to, value);
}

function nameOf(id: string): string {
  return id.slice(id.indexOf(':') + 1);
}
