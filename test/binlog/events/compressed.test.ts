import { rmSync } from 'node:fs';
import * as zlib from 'node:zlib';
import { expect, test } from 'vitest';
import { unpack } from '../../../src/binlog/events/compressed.ts';
import { seal } from '../../../src/binlog/events/event.ts';
import { readRange } from '../../../src/binlog/range.ts';
import { replayLog } from '../../../src/binlog/replay.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { contextFor, runScript } from '../../backup/support.ts';
import { describeOnServers } from '../../support/servers.ts';
import { copySince, endOfLog, transactionsOf, withRoot } from '../support.ts';

const BEFORE = `CREATE TABLE wide (id INT PRIMARY KEY AUTO_INCREMENT, ${columns()}, note VARCHAR(500) DEFAULT 'x');
  INSERT INTO wide (note) VALUES ('one'), ('two'), ('three')`;
const WORK = {
  mysql: 'SET SESSION binlog_transaction_compression = ON;',
  mariadb: '',
};
const STATEMENTS = `
  INSERT INTO wide (note) VALUES (REPEAT('é', 400)), (REPEAT('b', 500));
  UPDATE wide SET note = CONCAT(note, ' more') WHERE id < 3;
  BEGIN; DELETE FROM wide WHERE id = 2; UPDATE wide SET c7 = 7 WHERE id = 1; INSERT INTO wide (note) VALUES ('in one transaction'); COMMIT;
  CREATE TABLE other (id INT PRIMARY KEY, t TEXT) COMMENT 'a text that is long enough to be worth compressing, and so on, and so on, and so on';
  INSERT INTO other VALUES (1, REPEAT('t', 60000)), (2, NULL);
  ALTER TABLE other ADD COLUMN n INT NOT NULL DEFAULT 5 COMMENT 'again and again and again and again and again and again and again';
`;

/** More columns than fit one byte of a bitmap. */
function columns(): string {
  return Array.from({ length: 20 }, (_, index) => `c${index} INT`).join(', ');
}

const canUnpackZstd = 'zstdDecompressSync' in zlib;

describeOnServers(
  'a compressed binary log',
  (server) => {
    test('is repeated, or told to be compressed', { timeout: 60_000 }, async () => {
      const live = await server().createDatabase('live');
      const side = await server().createDatabase('side');
      for (const database of [live, side]) await runScript(server(), database, BEFORE);
      const from = await endOfLog(server());
      await runScript(server(), live, WORK[server().kind] + STATEMENTS);
      const range = await copySince(server(), from);
      const oddities = (await transactionsOf(range)).flatMap(({ oddity }) => oddity?.reason ?? []);
      if (server().kind === 'mysql' && !canUnpackZstd) {
        expect(new Set(oddities)).toEqual(
          new Set(['it is compressed (binlog_transaction_compression), which Node 22.15 and newer can unpack']),
        );
        return;
      }
      expect(oddities).toEqual([]);
      const context = await contextFor(server().target(side));
      const session = await (await connect(server().target(side))).open({ purpose: 'migration' });
      const source = { database: live, ignoresCase: false };
      const request = { range, from: source, into: side, isPrivate: false, stepId: 'replay' };
      await replayLog(request, session, context);
      await session.close();
      for (const table of ['wide', 'other']) {
        const rowsOf = (database: string) =>
          withRoot(server(), database, (one) => one.query(`SELECT * FROM ${table} ORDER BY id`));
        const expected = await rowsOf(live);
        expect(expected.length).toBeGreaterThan(1);
        expect(await rowsOf(side)).toEqual(expected);
      }
      const kinds = new Set<number>();
      for await (const { type } of readRange(range)) kinds.add(type);
      expect([...kinds].filter((type) => type === 40 || type >= 165)).toEqual([]);
      rmSync(range.folder, { recursive: true });
    });
  },
  { binlog: true, onNewer: true, args: ['--loose-log-bin-compress=ON', '--loose-log-bin-compress-min-len=10'] },
);

test('a compressed event that is not as long as it says is damaged', () => {
  const text = zlib.deflateSync('DROP TABLE t');
  const body = Buffer.concat([Buffer.alloc(13), Buffer.of(0), Buffer.of(0x81, 11), text]);
  const bytes = seal(Buffer.concat([Buffer.alloc(19), body]), false);
  const event = { type: 165, second: 0, start: 4, end: 4 + bytes.length, bytes, body, hasChecksum: false };
  expect(() => unpack(event)).toThrow('the event at 4 holds 12 bytes instead of 11');
});
