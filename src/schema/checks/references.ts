import type { ColumnRef } from '../../config/config.ts';
import { isLeading } from '../index-cover.ts';
import type { Snapshot } from '../types.ts';

/** Columns of a child table whose values are keys of a parent table. */
export interface Reference {
  readonly table: string;
  readonly columns: readonly string[];
  readonly parentSchema: string;
  readonly parentTable: string;
  readonly parentColumns: readonly string[];
  /** The columns lead an index of the child, so that its distinct keys are read without its rows. */
  readonly isIndexed: boolean;
}

/** The foreign keys of the given tables (default: of all). */
export function foreignKeyReferences(snapshot: Snapshot, tables?: readonly string[]): Reference[] {
  const wanted = tables && new Set(tables);
  return [...snapshot.objects.values()]
    .filter((object) => object.table && (!wanted || wanted.has(object.name)))
    .flatMap(({ name, table }) =>
      (table?.foreignKeys ?? []).map((key) => ({
        table: name,
        columns: key.columns,
        parentSchema: key.parentSchema,
        parentTable: key.parentTable,
        parentColumns: key.parentColumns,
        isIndexed: isLeading(table, key.columns),
      })),
    );
}

/** The references that only the application knows of. */
export function configuredReferences(
  snapshot: Snapshot,
  references: readonly { readonly from: ColumnRef; readonly to: ColumnRef }[],
): Reference[] {
  return references.map(({ from, to }) => ({
    table: from.table,
    columns: [from.column],
    parentSchema: snapshot.database,
    parentTable: to.table,
    parentColumns: [to.column],
    isIndexed: isLeading(snapshot.objects.get(`table:${from.table}`)?.table, [from.column]),
  }));
}

/** `appointments.staff_id → staff.id`, composite: `a.(x, y) → b.(x, y)`. */
export function nameReference(reference: Reference): string {
  const list = (columns: readonly string[]) => (columns.length === 1 ? columns[0] : `(${columns.join(', ')})`);
  return `${reference.table}.${list(reference.columns)} → ${reference.parentTable}.${list(reference.parentColumns)}`;
}
