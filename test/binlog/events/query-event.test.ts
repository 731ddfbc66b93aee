import { expect, test } from 'vitest';
import { parseQuery } from '../../../src/binlog/events/query-event.ts';
import { decodeText } from '../../../src/binlog/judgement/client-text.ts';
import { sessionSql } from '../../../src/binlog/session.ts';

/** From the log of MariaDB 11.8: `SET character_set_collations = 'utf8mb4=utf8mb4_bin'`, then this CREATE TABLE. */
const BODY = Buffer.from(
  '08000000010000000000002900000000000101000020540000000006037374648301' +
    '2d002e000400090009000981450000000000000000' +
    Buffer.from('create table x.q (a varchar(3) character set utf8mb4)').toString('hex'),
  'hex',
);
const event = { type: 2, second: 7, start: 4, end: 0, bytes: BODY, body: BODY };
const byId = new Map([
  [45, { name: 'utf8mb4_general_ci', charset: 'utf8mb4' }],
  [46, { name: 'utf8mb4_bin', charset: 'utf8mb4' }],
  [2304, { name: 'utf8mb4_uca1400_ai_ci', charset: 'utf8mb4' }],
]);

test('a statement of MariaDB 11 is repeated under the collations that its character sets had', () => {
  const query = parseQuery(event);
  expect(query).toMatchObject({ threadId: 8, database: '', isAnnounced: false });
  expect(query.session).toMatchObject({ collations: [[45, 46]], charset: [2304, 2304, 2304] });
  expect(decodeText(query, { byId, areAssigned: true }, { ansiQuotes: false, noBackslashEscapes: false })).toEqual({
    text: `${query.text}`,
    charset: 'utf8mb4',
  });
  const sql = (areAssigned: boolean, changes = {}) =>
    sessionSql({ ...query, session: { ...query.session, ...changes } }, 7, 'utf8mb4', { byId, areAssigned }, new Map());
  expect(sql(true)).toContain("@@session.character_set_collations = 'utf8mb4=utf8mb4_bin'");
  // The log leaves it out where it was empty.
  expect(sql(true, { collations: undefined })).toContain("@@session.character_set_collations = ''");
  expect(sql(false)).not.toContain('character_set_collations');
  expect(() => sql(true, { collations: [[45, 9999]] })).toThrow('the server does not know collation 9999');
});

test('what the log leaves out of a statement has its default again', () => {
  const held = new Map([
    ['auto_increment_increment', '1'],
    ['auto_increment_offset', '1'],
    ['default_collation_for_utf8mb4', 'utf8mb4_bin'],
  ]);
  const sql = (session: object) =>
    sessionSql({ ...parseQuery(event), session }, 7, 'utf8mb4', { byId, areAssigned: false }, held);
  expect(sql({ autoIncrement: [7, 3], utf8mb4Collation: 45, localeId: 4 })).toMatch(
    /lc_time_names = 4, .*auto_increment_increment = 7, .*auto_increment_offset = 3, .*default_collation_for_utf8mb4 = utf8mb4_general_ci$/,
  );
  expect(sql({ utf8mb4Collation: 46 })).toMatch(
    /time_zone = DEFAULT, .*lc_time_names = 0, .*auto_increment_increment = 1, .*auto_increment_offset = 1, .*default_collation_for_utf8mb4 = utf8mb4_bin$/,
  );
  // To set what a session has would take a privilege for nothing.
  expect(sql({ utf8mb4Collation: 46 })).not.toMatch(/auto_increment|default_collation/);
});
