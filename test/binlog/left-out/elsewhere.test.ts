import { expect, test } from 'vitest';
import type { QueryEvent } from '../../../src/binlog/events/query-event.ts';
import { databasesElsewhere } from '../../../src/binlog/left-out/elsewhere.ts';
import type { Transaction } from '../../../src/binlog/transaction.ts';

/** Ids and character sets of collations that both servers have. */
const COLLATIONS = [
  [8, 'latin1'],
  [28, 'gbk'],
  [45, 'utf8mb4'],
] as const;
const byId = new Map(COLLATIONS.map(([id, charset]) => [id as number, { name: `${charset}_x`, charset }]));
const subject = { database: 'shop', ignoresCase: false, collations: { byId, areAssigned: false } };

/** The second byte of the last one in GBK is a backtick. */
test.each<[client: number, name: string, bytes: string]>([
  [45, 'bücher', '62c3bc63686572'],
  [8, 'bücher', '62fc63686572'],
  [28, '库', 'bfe2'],
  [28, '乣', '8160'],
])('a statement of a client with collation %d names the database %s', (client, name, bytes) => {
  const text = Buffer.concat([Buffer.from('DROP TABLE `'), Buffer.from(bytes, 'hex'), Buffer.from('`.t')]);
  const session = { charset: [client, client, client] as const };
  const query: QueryEvent = {
    threadId: 1,
    seconds: 0,
    errorCode: 0,
    database: 'shop',
    text,
    session,
    isAnnounced: false,
  };
  const transaction = { changes: [], statements: [query] } as unknown as Transaction;
  expect(databasesElsewhere([transaction], subject)).toEqual([name]);
});
