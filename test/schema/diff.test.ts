import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffObjects, formatDifferences } from '../../src/schema/diff.ts';
import { toObject } from '../../src/schema/fingerprint.ts';
import { diffLines } from '../../src/schema/lines.ts';
import type { ObjectId, SchemaObject } from '../../src/schema/types.ts';

function objectsOf(texts: Record<string, string[]>): Map<ObjectId, SchemaObject> {
  return new Map(Object.entries(texts).map(([name, lines]) => [`table:${name}`, toObject('table', name, lines)]));
}

/** Applies a difference to `before`: its lines come in the order of both texts. */
function applyLines(before: readonly string[], lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (line: string, by: number) => counts.set(line, (counts.get(line) ?? 0) + by);
  for (const line of before) add(line, 1);
  for (const line of lines) add(line.slice(2), line.startsWith('+') ? 1 : -1);
  return new Map([...counts].filter(([, count]) => count !== 0).sort());
}

describe('the difference of two texts', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });

  it('turns the lines of one into those of the other', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(applyLines(before, diffLines(before, after))).toEqual(applyLines(after, []));
      }),
    );
  });

  it('is empty exactly when they are equal', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(diffLines(before, after).length === 0).toBe(before.join() === after.join());
      }),
    );
  });

  it('leaves out the lines that both have', () => {
    expect(diffLines(['a', 'b', 'c', 'd'], ['a', 'x', 'c', 'y', 'd'])).toEqual(['- b', '+ x', '+ y']);
  });

  it('shows a moved line as gone and new', () => {
    expect(diffLines(['a', 'b', 'c'], ['b', 'c', 'a'])).toEqual(['- a', '+ a']);
  });

  it('replaces texts too large to compare', () => {
    const many = (prefix: string) => Array.from({ length: 2_100 }, (_, index) => `${prefix}${index}`);
    expect(diffLines(many('a'), many('b'))).toHaveLength(4_200);
  });
});

describe('the difference of two sets of objects', () => {
  it('names what was added, removed and changed', () => {
    const before = objectsOf({ kept: ['same'], gone: ['old'], changed: ['one', 'two'] });
    const after = objectsOf({ kept: ['same'], fresh: ['new'], changed: ['one', 'three'] });
    expect(diffObjects(before, after)).toEqual([
      { object: 'table:changed', change: 'changed', lines: ['- two', '+ three'] },
      { object: 'table:fresh', change: 'added', lines: ['+ new'] },
      { object: 'table:gone', change: 'removed', lines: ['- old'] },
    ]);
  });

  it('reads well in a terminal and is cut where it grows too long', () => {
    const before = objectsOf({});
    const after = objectsOf({ a: ['1', '2', '3', '4'], b: ['1', '2', '3'], c: ['1'] });
    expect(formatDifferences(diffObjects(before, after), { objects: 2, lines: 2 })).toEqual([
      'table a added',
      '  + 1',
      '  + 2',
      '  … and 2 more lines',
      'table b added',
      '  + 1',
      '  + 2',
      '  … and 1 more line',
      '… and 1 more object',
    ]);
    expect(formatDifferences([])).toEqual([]);
  });
});
