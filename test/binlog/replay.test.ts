import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { type LogRange, rangeBytes } from '../../src/binlog/range.ts';
import { replayLog } from '../../src/binlog/replay.ts';
import { connect } from '../../src/mysql/connect.ts';
import { contextFor, runScript } from '../backup/support.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { contentOf, copySince, endOfLog, rowsOf, transactionsOf } from './support.ts';

/** What both databases begin with: parents whose deletion cascades, a trigger that would count twice, every kind of value. */
const BEFORE = `
  CREATE TABLE parents (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(300) NOT NULL);
  CREATE TABLE children (id INT PRIMARY KEY AUTO_INCREMENT, parent_id INT,
    FOREIGN KEY (parent_id) REFERENCES parents (id) ON DELETE CASCADE);
  CREATE TABLE totals (what VARCHAR(20) PRIMARY KEY, n INT NOT NULL);
  CREATE TABLE kinds (id BIGINT UNSIGNED PRIMARY KEY, a TINYINT, b DECIMAL(30,7), c DATETIME(6), d TIMESTAMP(3) NULL,
    e TIME(1), f YEAR, g BIT(13), h ENUM('x','y'), i SET('p','q'), j CHAR(90), k VARBINARY(400), l MEDIUMBLOB, m LONGTEXT,
    n JSON, o FLOAT, p DOUBLE, q DATE, r GEOMETRY, s CHAR(3) CHARACTER SET latin1);
  CREATE TABLE gateway_migrate_journal (run VARCHAR(64), version VARCHAR(190), direction VARCHAR(4), ordinal INT UNSIGNED,
    digest VARCHAR(64), PRIMARY KEY (run, version, direction, ordinal));
  INSERT INTO parents VALUES (1, 'one'), (2, 'two'), (3, 'three');
  INSERT INTO children VALUES (1, 1), (2, 2), (3, 2), (4, 3);
  INSERT INTO totals VALUES ('children', 4);
`;
const TRIGGER = `DELIMITER //
CREATE TRIGGER count_children AFTER INSERT ON children FOR EACH ROW UPDATE totals SET n = n + 1 WHERE what = 'children'//
`;
const WORK = `
  INSERT INTO children (parent_id) VALUES (1), (3);
  DELETE FROM parents WHERE id = 2;
  INSERT INTO kinds VALUES (1, -5, 12345678901234567890.1234567, '2026-01-02 03:04:05.678901', '2026-01-02 03:04:05.678',
    '-12:34:56.7', 1999, b'1010101010101', 'y', 'p,q', REPEAT('é', 90), REPEAT(x'00ff', 150), REPEAT('b', 100000),
    REPEAT('t', 70000), '{"a": [1, null]}', 1.5, 2.5e100, '2026-12-31', ST_GeomFromText('POINT(1 2)'), 'ä'),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
  ALTER TABLE parents ADD COLUMN note VARCHAR(20) NOT NULL DEFAULT 'fünf', RENAME COLUMN name TO title;
  CREATE TABLE copied AS SELECT id, title FROM parents;
  UPDATE copied SET title = CONCAT(title, '!');
  CREATE TABLE emptied (id INT PRIMARY KEY) COMMENT 'a; b -- c';
  INSERT INTO emptied VALUES (1);
  TRUNCATE TABLE emptied;
  CREATE TEMPORARY TABLE scratch (id INT);
  INSERT INTO scratch VALUES (1);
  DROP TEMPORARY TABLE scratch;
  INSERT INTO gateway_migrate_journal VALUES ('20261123T010203004Z-abcd', 'v', 'up', 0, '');
  FLUSH BINARY LOGS;
  UPDATE children c JOIN noise.t n ON n.id = c.id SET c.parent_id = 3, n.id = n.id + 100;
  SET FOREIGN_KEY_CHECKS = 0;
  INSERT INTO children VALUES (90, 999);
  SET FOREIGN_KEY_CHECKS = 1;
  BEGIN; INSERT INTO totals VALUES ('kept', 1); SAVEPOINT s; INSERT INTO totals VALUES ('gone', 1); ROLLBACK TO s; COMMIT;
  BEGIN; INSERT INTO totals VALUES ('never', 1); ROLLBACK;
  DROP TABLE noise.t;
  CREATE TABLE noise.t (id INT);
  CREATE INDEX by_title ON parents (title);
`;

describeOnServers(
  'repeating the binary log',
  (server) => {
    test('brings another database to where the first one is, and touches no third', { timeout: 60_000 }, async () => {
      const live = await server().createDatabase('live');
      const side = await server().createDatabase('side');
      for (const database of [live, side]) {
        await runScript(server(), database, BEFORE + TRIGGER);
      }
      await server().sql(
        'CREATE DATABASE noise; CREATE TABLE noise.t (id INT PRIMARY KEY); INSERT INTO noise.t VALUES (1), (2), (4)',
      );
      const from = await endOfLog(server());
      await runScript(server(), live, WORK);
      const range = await copySince(server(), from);
      await server().sql('INSERT INTO noise.t VALUES (77)');
      const begun = await endOfLog(server());
      await repeat(server(), range, live, side);
      // MariaDB would add the text of a BINLOG statement to each of its rows.
      expect((await endOfLog(server())).position - begun.position).toBeLessThan(1.5 * rangeBytes(range));
      expect(await contentOf(server(), side)).toEqual(await contentOf(server(), live));
      expect(await rowsOf(server(), 'noise', 't')).toEqual([{ id: 77 }]);
      expect(await rowsOf(server(), side, 'gateway_migrate_journal')).toEqual([]);
      const runs = (await transactionsOf(range)).flatMap((one) => one.runs);
      expect(runs).toEqual(['20261123T010203004Z-abcd']);
      await expectDamageFound(range);
      rmSync(range.folder, { recursive: true });
    });

    test('repeats an ALTER that is in the log in two phases once, and not at all where it failed', async () => {
      if (server().kind !== 'mariadb') return;
      const live = await server().createDatabase('live');
      const side = await server().createDatabase('side');
      for (const database of [live, side]) await runScript(server(), database, BEFORE);
      const from = await endOfLog(server());
      const twoPhase = 'SET SESSION binlog_alter_two_phase = 1;';
      await server().sql(`${twoPhase} ALTER TABLE totals ADD once INT UNIQUE, ADD KEY (n)`, live);
      const failing = server().sql(`${twoPhase} ALTER TABLE children ADD UNIQUE (parent_id), ADD never INT`, live);
      await expect(failing).rejects.toThrow('Duplicate entry');
      await server().sql("INSERT INTO totals VALUES ('after', 1, 2)", live);
      const range = await copySince(server(), from);
      await repeat(server(), range, live, side);
      expect(await contentOf(server(), side)).toEqual(await contentOf(server(), live));
      const texts = (await transactionsOf(range)).flatMap((one) => one.statements.map(({ text }) => `${text}`));
      expect(texts).toEqual(['ALTER TABLE totals ADD once INT UNIQUE, ADD KEY (n)']);
      rmSync(range.folder, { recursive: true });
    });

    test('stops at what it cannot repeat, and names the event', { timeout: 60_000 }, async () => {
      const live = await server().createDatabase('live');
      const from = await endOfLog(server());
      await runScript(server(), live, "SET NAMES geostd8; CREATE TABLE odd (id INT) COMMENT 'é';");
      const range = await copySince(server(), from);
      const place = `${from.file}:\\d+`;
      await expect(repeat(server(), range, live, live)).rejects.toThrow(
        new RegExp(
          `^repeating the binary log up to ${place} failed: it is in a character set that is not known here: CREATE TABLE odd`,
        ),
      );
      const file = join(range.folder, from.file);
      const log = readFileSync(file);
      const description = log.subarray(0, 4 + log.readUInt32LE(13));
      const unknown = eventOf(99, description.length);
      writeFileSync(file, Buffer.concat([description, unknown]));
      const end = description.length + unknown.length;
      const cut = { ...range, files: [{ name: from.file, end }], from: 4 };
      await expect(repeat(server(), cut, live, live)).rejects.toThrow(
        `repeating the binary log up to ${from.file}:${description.length} failed: events of type 99 cannot be repeated`,
      );
      rmSync(range.folder, { recursive: true });
    });
  },
  { binlog: true, onNewer: true },
);

async function repeat(server: TestServer, range: LogRange, from: string, into: string) {
  const context = await contextFor(server.target(into));
  const session = await (await connect(server.target(into))).open({ purpose: 'migration' });
  try {
    await replayLog(
      { range, from: { database: from, ignoresCase: false }, into, isPrivate: false, stepId: 'replay' },
      session,
      context,
    );
  } finally {
    await session.close();
  }
}

/** An event without a body, with its checksum. */
function eventOf(type: number, start: number): Buffer {
  const bytes = Buffer.alloc(23);
  bytes.writeUInt8(type, 4);
  bytes.writeUInt32LE(bytes.length, 9);
  bytes.writeUInt32LE(start + bytes.length, 13);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 19)), 19);
  return bytes;
}

/** Cut short, or changed in one bit: neither is read to its end. */
async function expectDamageFound(range: LogRange): Promise<void> {
  const file = range.files[0];
  if (!file) throw new Error('nothing was copied');
  const path = join(range.folder, file.name);
  const whole = readFileSync(path);
  for (let flips = 0; flips < 40; flips++) {
    const at = range.from + 4 + Math.floor(((whole.length - range.from - 4) * flips) / 40);
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << (flips % 8)), at);
    writeFileSync(path, damaged);
    await expect(transactionsOf(range)).rejects.toThrow(/event|ends/);
  }
  writeFileSync(path, whole.subarray(0, whole.length - 7));
  await expect(transactionsOf(range)).rejects.toThrow(`${path} ends at ${whole.length - 7}, before ${whole.length}`);
  writeFileSync(path, whole);
}
