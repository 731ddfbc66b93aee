import { expect, test } from 'vitest';
import { AccidentList } from '../../../src/binlog/accidents/list.ts';
import { concernOf } from '../../../src/binlog/concern.ts';
import type { TableChange, Transaction } from '../../../src/binlog/transaction.ts';
import { subjectOf } from '../support.ts';

const RUN = '20261123T010203004Z-abcd';
const SHOP = subjectOf('shop');

type Change = readonly [change: TableChange['change'], table: string, rows: number];

/** The n-th transaction of the log: statements, or rows. */
function transaction(at: number, what: string | readonly Change[], more: Partial<Transaction> = {}): Transaction {
  const text = typeof what === 'string' ? what : undefined;
  const query = { threadId: 7, seconds: 0, errorCode: 0, database: 'shop', session: {}, isAnnounced: false };
  return {
    ...{
      file: 'binlog.000001',
      start: at * 100,
      end: at * 100 + 99,
      committed: { micros: at, precision: 1 },
      threadId: 7,
    },
    statements: text === undefined ? [] : [{ ...query, text: Buffer.from(text) }],
    changes:
      typeof what === 'string' ? [] : what.map(([change, table, rows]) => ({ database: 'shop', change, table, rows })),
    ...{ largestBytes: 0, runs: [], noted: [], commitsXa: undefined, preparesXa: undefined, oddity: undefined },
    ...more,
  };
}

function listOf(rows: Record<string, number>, ...log: readonly Transaction[]) {
  const list = new AccidentList(SHOP, new Map(Object.entries(rows)));
  for (const one of log) list.take(one, concernOf(one, SHOP));
  return list.all.map(({ before, what, share, run, later }) => [before.position / 100, what, share, run, later]);
}

test('many rows, or a great part of a table, with what came after it', () => {
  const log = [
    transaction(1, [['insert', 'small', 10]]),
    transaction(2, [['delete', 'small', 15]]),
    transaction(3, [['delete', 'large', 15]]),
    transaction(4, [['update', 'large', 500]]),
    transaction(5, [['update', 'counter', 1]]),
  ];
  expect(listOf({ small: 10, large: 1000, counter: 1 }, ...log)).toEqual([
    [4, 'UPDATE of 500 rows', 500 / 985, undefined, { transactions: 1, rows: 1 }],
    [2, 'DELETE of 15 rows', 0.75, undefined, { transactions: 3, rows: 516 }],
  ]);
});

test('parents and the children that went with them', () => {
  const log = [
    transaction(1, [
      ['delete', 'children', 120],
      ['delete', 'parents', 1],
    ]),
    transaction(2, 'DROP TABLE parents'),
  ];
  expect(listOf({ children: 240, parents: 9 }, ...log)).toEqual([
    [2, 'DROP TABLE parents', undefined, undefined, { transactions: 0, rows: 0 }],
    [1, 'DELETE of 121 rows', 0.5, undefined, { transactions: 1, rows: 0 }],
  ]);
});

test('a deploy is one of them, not each of its statements; what only takes the lock is none', () => {
  const noted = { runs: [RUN], noted: [40] };
  const journal: Change = ['insert', 'gateway_migrate_journal', 1];
  const log = [
    transaction(1, [journal], noted),
    transaction(2, 'ALTER TABLE calls DROP COLUMN note', { threadId: 40 }),
    transaction(3, [['insert', 'calls', 2]]),
    transaction(4, [journal, ['update', 'calls', 200]], noted),
    transaction(5, [['insert', 'calls', 3]]),
    transaction(6, [journal], { runs: ['20261123T010203005Z-abcd'], noted: [41] }),
  ];
  expect(listOf({ calls: 300 }, ...log)).toEqual([
    [2, `run ${RUN}: 1 definitions, 200 rows`, undefined, RUN, { transactions: 1, rows: 3 }],
  ]);
});
