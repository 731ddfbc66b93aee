import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { roomForEmptyTables } from '../../../src/rehearsal/clone/room.ts';
import type { Snapshot } from '../../../src/schema/types.ts';
import { file, writeMigrations } from '../stages.ts';

const snapshot = { objects: new Map([['table:t', {}]]) } as unknown as Snapshot;

async function roomFor(up: string, down = 'DROP TABLE a;') {
  const dir = mkdtempSync(join(tmpdir(), 'gateway-room-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return roomForEmptyTables({ snapshot, migrations: await writeMigrations(dir, { '0001': file(up, down) }) });
}

test.each([
  'CREATE TABLE a (id INT);',
  'ALTER TABLE t ADD c INT;',
  'INSERT INTO t VALUES (1), (2);',
  'UPDATE t SET c = 1;',
  'CREATE VIEW a AS SELECT * FROM t;',
])('the room of a rehearsal of %s is known', async (up) => {
  expect(await roomFor(up)).toBe(250e6 + 3 * 500e3);
});

test.each([
  'INSERT INTO t SELECT * FROM t;',
  'REPLACE INTO t TABLE u;',
  'INSERT INTO t WITH RECURSIVE n AS (SELECT 1) SELECT * FROM n;',
  'CREATE TABLE a SELECT 1;',
  'CREATE TABLE a AS TABLE t;',
  'CALL fill();',
])('nobody knows the room of a rehearsal of %s', async (up) => {
  expect(await roomFor(up)).toBeUndefined();
});

test('nobody knows it when the way back may write rows, or a backup is loaded', async () => {
  expect(await roomFor('CREATE TABLE a (id INT);', 'INSERT INTO t SELECT 1;')).toBeUndefined();
  expect(roomForEmptyTables({ snapshot, migrations: [], loadTables: async () => {} })).toBeUndefined();
});
