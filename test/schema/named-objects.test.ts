import { expect, test } from 'vitest';
import { toStatement } from '../../src/migrations/sql/statement.ts';
import { isSameName, spelledAs } from '../../src/mysql/name.ts';
import { NamedObjects } from '../../src/schema/named-objects.ts';
import type { ObjectId, SchemaObject } from '../../src/schema/types.ts';

const OBJECT = { kind: 'table', name: 'x', definition: '', digest: '' } as SchemaObject;

test.each<[folds: boolean, stored: ObjectId, asked: ObjectId, isFound: boolean]>([
  [true, 'table:orders', 'table:Orders', true],
  [true, 'view:latest', 'view:LATEST', true],
  [true, 'table:orders', 'view:Orders', false],
  [false, 'table:orders', 'table:Orders', false],
  [false, 'table:Orders', 'table:Orders', true],
  [false, 'trigger:t', 'trigger:T', false],
  [false, 'procedure:Touch', 'procedure:touch', true],
  [false, 'event:Nightly', 'event:NIGHTLY', true],
])('where names fold: %s, %s is asked for as %s: %s', (folds, stored, asked, isFound) => {
  const objects = new NamedObjects(folds, [[stored, OBJECT]]);
  expect([objects.has(asked), objects.get(asked) === OBJECT]).toEqual([isFound, isFound]);
  expect(objects.delete(asked)).toBe(isFound);
  expect(objects.size).toBe(isFound ? 0 : 1);
});

test('a statement names what the server will keep', () => {
  const text = 'RENAME TABLE Shop.Orders TO Shop.Old_Orders';
  const modes = { noBackslashEscapes: false, ansiQuotes: false };
  const touchesOf = (foldsNames: boolean) => toStatement(text, 1, { ...modes, foldsNames }).touches;
  expect(touchesOf(true)).toEqual([
    {
      action: 'rename',
      object: 'table:orders',
      to: 'table:old_orders',
      schema: 'shop',
      toSchema: 'shop',
      isConditional: false,
    },
  ]);
  expect(touchesOf(false)).toEqual([
    {
      action: 'rename',
      object: 'table:Orders',
      to: 'table:Old_Orders',
      schema: 'Shop',
      toSchema: 'Shop',
      isConditional: false,
    },
  ]);
  expect(toStatement('DELETE FROM Orders', 1, { ...modes, foldsNames: true }).writes).toEqual(['orders']);
});

test('names are spelled as they are known', () => {
  expect(spelledAs(['Orders', 'ORDERS', 'other'], ['orders'], true)).toEqual(['orders', 'other']);
  expect(spelledAs(['Orders'], ['orders', 'Orders'], true)).toEqual(['Orders']);
  expect(spelledAs(['Orders'], ['orders'], false)).toEqual(['Orders']);
  expect([isSameName('a', 'A', true), isSameName('a', 'A', false)]).toEqual([true, false]);
});
