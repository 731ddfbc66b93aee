import type { ObjectId } from '../../schema/types.ts';
import { isReplacing } from '../sql/conditions.ts';
import type { Statement } from '../types.ts';
import { alterLosses } from './alter.ts';
import type { Loss } from './loss.ts';

/** SHOW CREATE texts of what stood before the statement, as far as they are noted. */
export type Definitions = Readonly<Partial<Record<ObjectId, string>>>;

const WRITES_OVER = /^(?:UPDATE|DELETE|REPLACE)\b/;

/**
 * PURE: what a statement may take from rows that were there before it. Too much rather than too little: whether anything
 * is gone, the rows themselves tell. What an opaque statement does nobody knows; it is not asked here.
 */
export function lossesOf(statement: Statement, definitions: Definitions = {}): Loss[] {
  const { kind, verb, text, touches, writes } = statement;
  if (kind === 'truncate') return touches.map(({ object }) => rowsOf(nameIn(object)));
  if (kind === 'dml') {
    const writesOver = WRITES_OVER.test(verb) || /\bON\s+DUPLICATE\s+KEY\s+UPDATE\b/i.test(text);
    return writesOver ? writes.map((name) => rowsOf(name.slice(name.lastIndexOf('.') + 1))) : [];
  }
  if (kind !== 'ddl') return [];
  const dropped = touches.filter(({ action, object }) => action === 'drop' && object.startsWith('table:'));
  if (dropped.length > 0) return dropped.map(({ object }) => rowsOf(nameIn(object)));
  const [touch] = touches;
  if (!touch?.object.startsWith('table:')) return [];
  const table = nameIn(touch.object);
  if (verb === 'CREATE TABLE') return isReplacing(text) ? [rowsOf(table)] : [];
  return verb === 'ALTER TABLE' ? alterLosses(text, table, definitions[touch.object]) : [];
}

/** Tables that it makes anew; with OR REPLACE only where nothing was there, which the evidence tells. */
export function tablesMade({ touches }: Statement): string[] {
  const made = touches.filter(({ action, object }) => action === 'create' && object.startsWith('table:'));
  return made.map(({ object }) => nameIn(object));
}

function rowsOf(table: string): Loss {
  return { table, what: `rows of ${table}`, isCertain: true };
}

function nameIn(object: ObjectId): string {
  return object.slice(object.indexOf(':') + 1);
}
