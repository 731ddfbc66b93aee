import { expect, test } from 'vitest';
import type { Applied } from '../../../src/rehearsal/forward.ts';
import { compareRepetition, toRepetition } from '../../../src/rehearsal/way-back/back.ts';
import { judgeRoutes } from '../../../src/rehearsal/way-back/boundaries.ts';
import type { Snapshot } from '../../../src/schema/types.ts';
import { migration } from '../scene.ts';
import { tell } from '../telling.ts';

/** A migration that ended in a table of one column. */
function ending(column: string): Applied {
  const definition = `column ${column}`;
  const after = {
    fingerprint: column,
    objects: new Map([['table:t', { kind: 'table', name: 't', definition, digest: column }]]),
  } as unknown as Snapshot;
  const steps = [{ after }] as unknown as Applied['steps'];
  return { migration: migration('3', '-- migrate:up\nCREATE TABLE t (a INT);'), before: after, steps };
}

test('forward for the second time ends where it ended the first time, or the finding says where', () => {
  expect(compareRepetition([ending('a')], [ending('a')])).toEqual([]);
  expect(tell(compareRepetition([ending('a')], [ending('b')]))).toMatchInlineSnapshot(`
    "error 3 up-not-repeatable table t
    what: applied for the second time, after its way back, it ends in another schema
    why:  - first, + second time:
    table t changed
      - column a
      + column b
    fix:  let it not depend on what an earlier attempt left behind"
  `);
});

test('a refusal of the second time is a fault of the way back', () => {
  const refused = { name: 'up-fails', level: 'error', group: 'forward', version: '3', fix: '', why: '' } as const;
  const object = 'statement 1 of 1, line 2';
  expect(tell([toRepetition({ ...refused, object, what: 'INSERT is refused: duplicate' })])).toMatchInlineSnapshot(`
    "error 3 up-not-repeatable statement 1 of 1, line 2
    what: INSERT is refused: duplicate
    why:  it was applied once, undone, and cannot be applied again: the way back leaves something behind, rows perhaps
    fix:  let the section -- migrate:down remove the rows too, or write the statement so that it can be repeated"
  `);
});

test('a boundary from which nothing leads back is named, with where to split', () => {
  const routes = [
    { after: 1, by: 'exact inverse' },
    { after: 1, by: 'not tried' },
    { after: 1, by: 'end of the down section', from: 2 },
    { after: 1, by: 'none', reason: 'it changed rows' },
  ] as const;
  expect(tell(judgeRoutes(ending('a'), routes, false))).toMatchInlineSnapshot(`
    "error 3 no-way-back-from-the-middle after 1 and 1 of 1 statements
    what: cut off after statement 1 (CREATE TABLE) or at 1 other place, nobody could undo it with certainty
    why:  its down section leads back only from the end
    fix:  split the migration after statement 1 (its down section leads back from there, from its statement 2 on); or say why not: -- migrate:allow no-way-back-from-the-middle REASON"
  `);
  const proven = judgeRoutes(ending('a'), routes.slice(3), true);
  expect(tell(proven)).toMatchInlineSnapshot(`
    "advice 3 no-way-back-from-the-middle after 1 of 1 statements
    what: cut off after statement 1 (CREATE TABLE), nobody could undo it with certainty
    why:  it changed rows; from there the way back is restore, from the backup that deploy proves first
    fix:  split the migration after statement 1, each part with its own -- migrate:down; or say why not: -- migrate:allow no-way-back-from-the-middle REASON"
  `);
  const many = Array.from({ length: 40 }, (_, index) => ({ after: index + 1, by: 'none' as const }));
  expect(judgeRoutes(ending('a'), many, true).map(({ object, what }) => [object, what])).toEqual([
    [
      'after 1 to 40 (40 places) of 1 statements',
      'cut off after statement 1 (CREATE TABLE) or at 39 other places, nobody could undo it with certainty',
    ],
  ]);
});
