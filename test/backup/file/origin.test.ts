import { expect, test } from 'vitest';
import type { ServerIdentity } from '../../../src/backup/file/manifest.ts';
import { describeOrigin, isSameServer, ofDestination, otherOrigin } from '../../../src/backup/file/origin.ts';

const MYSQL: ServerIdentity = { flavor: 'mysql', version: '9.7.4', uuid: 'a-1', host: 'db1', place: 'p' };
const MARIADB: ServerIdentity = {
  flavor: 'mariadb',
  version: '10.11.19-MariaDB-log',
  uuid: 'h=',
  host: 'db1',
  place: 'p',
};

test.each([
  ['itself', MYSQL, {}, true],
  ['upgraded', MYSQL, { version: '9.8.0' }, true],
  ['in a container with another name', MYSQL, { host: 'f3a9' }, true],
  ['of another id', MYSQL, { uuid: 'b-2' }, false],
  ['of the other kind', MYSQL, { flavor: 'mariadb' }, false],
  ['MariaDB itself', MARIADB, {}, true],
  ['MariaDB whose data were moved', MARIADB, { place: 'q' }, true],
  ['MariaDB with the network address of another', MARIADB, { host: 'db2' }, false],
  ['MariaDB of another id', MARIADB, { uuid: 'i=' }, false],
  ['a first backup of MariaDB', MARIADB, { uuid: null, place: undefined }, true],
  ['a first backup of MariaDB elsewhere', MARIADB, { uuid: null, place: undefined, host: 'db2' }, false],
  ['one without an id, on the same host, apart', { ...MARIADB, uuid: null }, { uuid: null, place: 'q' }, false],
] as const)('the same server or another: %s', (_, one, changes, expected) => {
  const other = { ...one, ...changes } as ServerIdentity;
  expect(isSameServer(one, other)).toBe(expected);
  expect(isSameServer(other, one)).toBe(expected);
});

test('what a backup is of is told by server and database', () => {
  const here = { server: MYSQL, database: 'shop' };
  const own = { database: 'shop', server: MYSQL };
  const staged = { database: 'shop', server: { ...MYSQL, uuid: 'b-2', host: 'staging' } };
  expect(otherOrigin(own, here)).toBeUndefined();
  expect(otherOrigin({ ...own, database: 'blog' }, here)).toBe('another database of this server, blog');
  expect(otherOrigin(staged, here)).toBe('shop on another server (MySQL 9.7.4 on staging, id b-2)');
  expect(describeOrigin({ database: 'shop', server: { ...MARIADB, uuid: null } })).toBe(
    'shop of MariaDB 10.11.19 on db1',
  );
  const stored = [{ manifest: own }, { manifest: staged }, { manifest: undefined }] as never[];
  expect(ofDestination(stored, here)).toEqual([stored[0]]);
  expect(ofDestination(stored, undefined)).toEqual(stored);
});
