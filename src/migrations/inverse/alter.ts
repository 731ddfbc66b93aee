import { quoteName } from '../../mysql/quote.ts';
import type { AlterAction, DropType } from '../sql/alter-actions.ts';
import { covers, type NamedPart, readTableText, type TableText } from '../sql/table-text.ts';

type ActionOf<T extends AlterAction['type']> = Extract<AlterAction, { type: T }>;

/** Clauses of the ALTER TABLE that takes the actions back, or why there is none. */
export type AlterInverse = { readonly clauses: readonly string[] } | { readonly reason: string };

/** `definition` is the table's SHOW CREATE TABLE text from before the actions; `after` that from after them, where it is known. */
export function inverseOfActions(actions: readonly AlterAction[], definition: string, after?: string): AlterInverse {
  const before = readTableText(definition);
  const lost = after === undefined ? undefined : lostIndexes(actions, before, readTableText(after));
  const clauses: string[] = (lost ?? []).map(({ line }) => `ADD ${line}`);
  for (const action of actions.toReversed()) {
    const inverse = inverseOfAction(action, { ...before, lost }, actions);
    if ('reason' in inverse) return inverse;
    clauses.push(...inverse.clauses);
  }
  return { clauses };
}

/** Nobody has dropped them: a new index has taken their place at a foreign key. */
function lostIndexes(actions: readonly AlterAction[], before: TableText, after: TableText): NamedPart[] {
  const named = actions.flatMap((action) =>
    action.type === 'rename index'
      ? [action.from]
      : 'name' in action && action.type !== 'add index'
        ? [action.name]
        : [],
  );
  if (actions.some(({ type }) => type === 'other' || type === 'rename column')) return [];
  return before.indexes.filter(
    ({ name }) => ![...named, ...after.indexes.map((index) => index.name)].some((other) => isSame(other, name)),
  );
}

/** `lost`: undefined where nobody knows. */
type Known = TableText & { readonly lost: readonly NamedPart[] | undefined };

function inverseOfAction(action: AlterAction, before: Known, all: readonly AlterAction[]): AlterInverse {
  switch (action.type) {
    case 'add column':
      return dropColumn(action, before);
    case 'add index':
      return dropIndex(action, before, all);
    case 'add foreign key':
      return dropForeignKey(action, before, all);
    case 'add check':
      return { clauses: [`DROP CONSTRAINT ${quoteName(action.name)}`] };
    case 'drop index':
      return addBack(action, before.indexes);
    case 'drop foreign key':
      return addBack(action, before.foreignKeys);
    case 'drop check':
      return addBack(action, before.checks);
    case 'drop constraint':
      return addBack(action, [...before.foreignKeys, ...before.checks, ...before.indexes]);
    case 'rename column':
      return { clauses: [`RENAME COLUMN ${quoteName(action.to)} TO ${quoteName(action.from)}`] };
    case 'rename index':
      return { clauses: [`RENAME INDEX ${quoteName(action.to)} TO ${quoteName(action.from)}`] };
    case 'rename table':
    case 'how to':
      return { clauses: [] };
    case 'other':
      return { reason: action.reason };
  }
}

function dropColumn(action: ActionOf<'add column'>, before: TableText): AlterInverse {
  if (action.hasReference) return { reason: `the server chose the name of the foreign key of column ${action.name}` };
  if (action.isConditional && has(before.columns, action.name)) return { clauses: [] };
  return { clauses: [`DROP COLUMN ${quoteName(action.name)}`] };
}

/**
 * An index that a foreign key made for itself is replaced silently when a new one can serve the key instead; dropping
 * the new one is refused then. Which indexes were made so does not show in the definition: what is gone afterwards does.
 */
function dropIndex(action: ActionOf<'add index'>, before: Known, all: readonly AlterAction[]): AlterInverse {
  const isReplaced = all.some((other) => other.type === 'drop index' && isSame(other.name, action.name));
  const isThere = !isReplaced && before.indexes.some(({ name }) => isSame(name, action.name));
  if (isThere) {
    return action.isConditional ? { clauses: [] } : { reason: `index ${action.name} existed before under this name` };
  }
  if (before.lost) return { clauses: [`DROP INDEX ${quoteName(action.name)}`] };
  const replaced = before.foreignKeys.find(
    (key) => covers(action.columns, key.columns) && before.indexes.some((index) => isSame(index.name, key.name)),
  );
  if (replaced) return { reason: `the index may have taken the place of the one of foreign key ${replaced.name}` };
  return { clauses: [`DROP INDEX ${quoteName(action.name)}`] };
}

/** A foreign key that no index serves makes one under its own name, which outlives it. */
function dropForeignKey(
  action: ActionOf<'add foreign key'>,
  before: TableText,
  all: readonly AlterAction[],
): AlterInverse {
  if (action.columns.length === 0) return { reason: 'the columns of the foreign key could not be read' };
  const added = all.flatMap((other) => (other.type === 'add index' ? [other.columns] : []));
  const indexes = [before.primaryKey, ...before.indexes.map((index) => index.columns), ...added];
  const drop = `DROP FOREIGN KEY ${quoteName(action.name)}`;
  if (indexes.some((columns) => covers(columns, action.columns))) return { clauses: [drop] };
  if (all.filter((other) => other.type === 'add foreign key').length > 1 && sharesColumns(action, all)) {
    return { reason: 'two of its foreign keys share an index that the server named' };
  }
  return { clauses: [drop, `DROP INDEX ${quoteName(action.name)}`] };
}

function sharesColumns(action: ActionOf<'add foreign key'>, all: readonly AlterAction[]): boolean {
  return all.some(
    (other) =>
      other !== action &&
      other.type === 'add foreign key' &&
      (covers(other.columns, action.columns) || covers(action.columns, other.columns)),
  );
}

function addBack(action: ActionOf<DropType>, parts: readonly NamedPart[]): AlterInverse {
  const part = parts.find(({ name }) => isSame(name, action.name));
  if (part) return { clauses: [`ADD ${part.line}`] };
  return action.isConditional ? { clauses: [] } : { reason: `${action.name} is not in the definition noted before` };
}

function has(names: ReadonlySet<string>, name: string): boolean {
  return [...names].some((other) => isSame(other, name));
}

/** Columns, indexes and constraints are compared without regard to case. */
function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
