import { expect, test } from 'vitest';
import { findUnloggedParents } from '../../src/binlog/judgement/cascades.ts';
import { findLogGaps } from '../../src/binlog/judgement/gaps.ts';
import { checkGaps } from '../../src/preflight/database.ts';

const SHOP = { database: 'shop', ignoresCase: false };
const ROW = [['binlog_format', 'ROW']] as const;

test.each<[string, Parameters<typeof findLogGaps>[0], ReturnType<typeof findLogGaps>]>([
  [
    'nothing',
    { settings: new Map(ROW), filters: { only: [], not: [] }, isFed: false },
    { closed: undefined, partial: [] },
  ],
  [
    'binlog-do-db of others',
    { settings: new Map(ROW), filters: { only: ['Shop', 'other'], not: ['mysql'] }, isFed: false },
    {
      closed: 'the server does not log shop (binlog-do-db=Shop, other)',
      partial: ['definitions changed with another database in use are not logged (binlog-do-db)'],
    },
  ],
  [
    'binlog-do-db',
    { settings: new Map(ROW), filters: { only: ['shop'], not: ['shop'] }, isFed: false },
    { closed: undefined, partial: ['definitions changed with another database in use are not logged (binlog-do-db)'] },
  ],
  [
    'binlog-ignore-db',
    { settings: new Map(ROW), filters: { only: [], not: ['shop'] }, isFed: false },
    {
      closed: 'the server does not log shop (binlog-ignore-db=shop)',
      partial: ['definitions changed with shop in use are not logged (binlog-ignore-db)'],
    },
  ],
  [
    'binlog-ignore-db of others',
    { settings: new Map(ROW), filters: { only: [], not: ['mysql', 'test'] }, isFed: false },
    { closed: undefined, partial: ['definitions changed with mysql or test in use are not logged (binlog-ignore-db)'] },
  ],
  [
    'a replica that logs its own writes alone',
    { settings: new Map([...ROW, ['log_slave_updates', 'OFF']]), filters: { only: [], not: [] }, isFed: true },
    {
      closed: 'the server does not log what it takes over from other servers (log_replica_updates is OFF)',
      partial: [],
    },
  ],
  [
    'a replica that logs everything, in statements',
    {
      settings: new Map([
        ['binlog_format', 'MIXED'],
        ['log_replica_updates', 'ON'],
      ]),
      filters: { only: [], not: [] },
      isFed: true,
    },
    { closed: undefined, partial: ['binlog_format is MIXED: what is logged as a statement cannot be repeated'] },
  ],
])('what the settings of a server keep out of its log: %s', (_, settings, gaps) => {
  expect(findLogGaps(settings, SHOP)).toEqual(gaps);
});

test('a chain of keys counts from the first table of another database on', () => {
  const key = (child: string, parent: string, onDelete = 'CASCADE', onUpdate = 'RESTRICT') => {
    const [[database = '', table = ''], [parentDatabase = '', parentTable = '']] = [
      child.split('.'),
      parent.split('.'),
    ];
    return { database, table, parentDatabase, parentTable, onDelete, onUpdate };
  };
  const keys = [
    key('shop.c', 'shop.p'),
    key('shop.a', 'other.b'),
    key('other.b', 'shop.top', 'SET NULL', 'CASCADE'),
    key('other.b', 'other.b'),
    key('third.x', 'other.b'),
    key('Shop.q', 'other.q'),
  ];
  const changes = 'shop.a (ON DELETE CASCADE, ON UPDATE RESTRICT)';
  expect(findUnloggedParents(keys, SHOP)).toEqual([
    { database: 'other', table: 'b', changes, on: ['delete'] },
    { database: 'shop', table: 'top', changes, on: ['delete', 'update'] },
  ]);
  const caseless = findUnloggedParents(keys, { ...SHOP, ignoresCase: true });
  expect(caseless.map(({ table }) => table)).toEqual(['b', 'top', 'q']);
});

test.each([
  [
    { closed: undefined, partial: [] },
    { ok: true, detail: 'on, ROW' },
  ],
  [
    { closed: undefined, partial: ['binlog_format is MIXED: what is logged as a statement cannot be repeated'] },
    {
      ...{ ok: false, level: 'warning' },
      detail: 'on, but binlog_format is MIXED: what is logged as a statement cannot be repeated',
      remedy: 'set binlog_format=ROW and log_replica_updates, without binlog-do-db and binlog-ignore-db',
    },
  ],
  [
    { closed: 'the server does not log shop (binlog-ignore-db=shop)', partial: ['more'] },
    {
      ...{ ok: false, level: 'warning' },
      detail:
        'on, but the server does not log shop (binlog-ignore-db=shop): a restore can only go back to the moment of a backup',
    },
  ],
])('doctor and deploy warn of a log that does not lead on', (gaps, check) => {
  expect(checkGaps(gaps)).toMatchObject(check);
});
