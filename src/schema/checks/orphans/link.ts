import type { Snapshot, TableShape } from '../../types.ts';
import { nameReference, type Reference } from '../references.ts';

/** A reference as orphans of it are searched. */
export interface Link extends Reference {
  /** How its check is called. */
  readonly name: string;
  /** Only rows whose column holds this text: one type of a polymorphic pair. */
  readonly condition?: { readonly column: string; readonly value: string } | undefined;
  /** The server enforces it: orphans can only come from a time when it was told not to. */
  readonly isForeignKey: boolean;
  /** What the repair does with an orphan. */
  readonly repair: 'delete' | 'set null';
}

/** How the rows of a link are read: in pages that each end soon, wherever that can be. */
export type Way =
  /** The distinct keys, in their order, from an index that leads with them: the cost is the number of keys, not of rows. */
  | { readonly by: 'keys'; readonly type: string }
  /** The same index, entry after entry: where almost every row has a key of its own, to jump from key to key costs more. */
  | { readonly by: 'entries'; readonly type: string }
  /** The rows by their primary key, the newest first. */
  | { readonly by: 'rows'; readonly column: string; readonly type: string }
  /** One statement: there is nothing to go by. */
  | { readonly by: 'whole' };

/** Texts and numbers that are compared in the order of their index; an ENUM is ordered by number and compared as text. */
const ORDERED = /^(?:(?:tiny|small|medium|big)?int|decimal|(?:var)?char|(?:var)?binary|date|datetime|timestamp|uuid)\b/;

/** PURE. */
export function wayOf(link: Link, snapshot: Snapshot): Way {
  const shape = snapshot.objects.get(`table:${link.table}`)?.table;
  const [column = '', ...others] = link.columns;
  const type = typeOf(shape, column);
  if (others.length === 0 && link.isIndexed && ORDERED.test(type)) return { by: 'keys', type };
  const [key = '', ...rest] = shape?.indexes.find(({ name }) => name === 'PRIMARY')?.columns ?? [];
  const keyType = typeOf(shape, key);
  return rest.length === 0 && ORDERED.test(keyType) ? { by: 'rows', column: key, type: keyType } : { by: 'whole' };
}

/** PURE. The references of foreign keys and the declared ones as links. */
export function linkOf(reference: Reference, snapshot: Snapshot, isForeignKey: boolean): Link {
  const shape = snapshot.objects.get(`table:${reference.table}`)?.table;
  const isNullable = shape?.columns.some(({ name, isNullable }) => name === reference.columns[0] && isNullable);
  const rule = shape?.foreignKeys.find(({ columns }) => columns.join() === reference.columns.join())?.onDelete;
  const isDeleted = !isNullable || (isForeignKey && rule === 'CASCADE');
  return { ...reference, name: nameReference(reference), isForeignKey, repair: isDeleted ? 'delete' : 'set null' };
}

/** As the server prints it; empty for what is not there. */
export function typeOf(shape: TableShape | undefined, column: string): string {
  return shape?.columns.find(({ name }) => name === column)?.type ?? '';
}
