import { type Definitions, lossesOf } from '../../migrations/losses/losses.ts';
import type { Statement } from '../../migrations/types.ts';
import { splitId } from '../../schema/snapshot.ts';

/** What a way back takes away of one table. */
export interface Taken {
  /** By the name that it has before the way back begins. */
  readonly table: string;
  /** Columns that go with their values; `all`: rows. */
  readonly columns: readonly string[] | 'all';
}

/** `child` loses rows, or values, with those of `parent`. */
export interface Following {
  readonly child: string;
  readonly parent: string;
}

/**
 * PURE: what these statements take away, in the order in which they run: tables that they drop, under whatever name by then, those that
 * they delete from with what follows by foreign keys, columns that they drop, and values that they make narrower. Not what an UPDATE
 * writes over: of that the comparison at the end tells.
 */
export function takenAway(
  statements: readonly Statement[],
  definitions: Definitions,
  following: readonly Following[],
): Taken[] {
  const names = new Map<string, string>();
  const original = (name: string) => names.get(name) ?? name;
  const taken = new Map<string, Set<string> | 'all'>();
  for (const statement of statements) {
    const whole: string[] = [];
    for (const { table, isCertain, column } of lossesOf(statement, definitions)) {
      if (!isCertain || /^UPDATE\b/.test(statement.verb)) continue;
      const name = original(table);
      const columns = taken.get(name);
      if (column === undefined) whole.push(name);
      else if (columns !== 'all') taken.set(name, (columns ?? new Set()).add(column));
    }
    const isWider = statement.kind === 'dml' || statement.kind === 'truncate';
    for (const name of isWider ? withFollowers(whole, following) : whole) taken.set(name, 'all');
    noteNames(statement, names);
  }
  return [...taken].map(([table, columns]) => ({ table, columns: columns === 'all' ? columns : [...columns] }));
}

/** The tables themselves too. */
export function withFollowers(tables: readonly string[], following: readonly Following[]): string[] {
  const reached = new Set(tables);
  for (const table of reached) {
    for (const { child, parent } of following) if (parent === table) reached.add(child);
  }
  return [...reached];
}

function noteNames({ touches }: Statement, names: Map<string, string>): void {
  for (const { action, object, to } of touches) {
    if (action !== 'rename' || to === undefined || !object.startsWith('table:')) continue;
    const from = splitId(object)[1];
    const first = names.get(from) ?? from;
    names.delete(from);
    names.set(splitId(to)[1], first);
  }
}
