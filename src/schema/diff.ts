import { byText } from './group.ts';
import { diffLines } from './lines.ts';
import type { ObjectId, SchemaObject, Snapshot } from './types.ts';

/** One object that differs; `database` stands for the database's own defaults. */
export interface ObjectDifference {
  readonly object: ObjectId | 'database';
  readonly change: 'added' | 'removed' | 'changed';
  /** Facts of the canonical text: `- ` before, `+ ` after. */
  readonly lines: readonly string[];
}

/** What makes `after` differ from `before`, by object name. The databases may have different names. */
export function diffSnapshots(before: Snapshot, after: Snapshot): ObjectDifference[] {
  const lines = diffLines(defaultLines(before), defaultLines(after));
  return [
    ...(lines.length > 0 ? [{ object: 'database', change: 'changed', lines } as const] : []),
    ...diffObjects(before.objects, after.objects),
  ];
}

/** The same for any two sets of objects, e.g. those that one statement touches. */
export function diffObjects(
  before: ReadonlyMap<ObjectId, SchemaObject>,
  after: ReadonlyMap<ObjectId, SchemaObject>,
): ObjectDifference[] {
  const ids = new Set([...before.keys(), ...after.keys()]);
  return [...ids]
    .map((id) => diffObject(id, before.get(id), after.get(id)))
    .filter((difference) => difference !== undefined)
    .sort(byText((difference) => difference.object));
}

/** Undefined when both are equal, or both absent. */
export function diffObject(
  id: ObjectId,
  before: SchemaObject | undefined,
  after: SchemaObject | undefined,
): ObjectDifference | undefined {
  if (before?.digest === after?.digest) return undefined;
  const change = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
  return { object: id, change, lines: diffLines(linesOf(before), linesOf(after)) };
}

/** For a terminal: a line an object, its differing facts below it; what is more than the limits is counted. */
export function formatDifferences(
  differences: readonly ObjectDifference[],
  limits: { readonly objects: number; readonly lines: number } = { objects: 20, lines: 12 },
): string[] {
  const shown = differences
    .slice(0, limits.objects)
    .flatMap(({ object, change, lines }) => [
      `${object.replace(':', ' ')} ${change}`,
      ...lines.slice(0, limits.lines).map((line) => `  ${line}`),
      ...moreThan(limits.lines, lines.length, '  ', 'line'),
    ]);
  return [...shown, ...moreThan(limits.objects, differences.length, '', 'object')];
}

function moreThan(limit: number, count: number, indent: string, noun: string): string[] {
  const rest = count - limit;
  return rest > 0 ? [`${indent}… and ${rest} more ${noun}${rest === 1 ? '' : 's'}`] : [];
}

function linesOf(object: SchemaObject | undefined): string[] {
  return object === undefined ? [] : object.definition.split('\n');
}

function defaultLines(snapshot: Snapshot): string[] {
  return [`charset ${snapshot.charset}`, `collation ${snapshot.collation}`];
}
