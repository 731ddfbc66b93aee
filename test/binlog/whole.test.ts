import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readSubject } from '../../src/binlog/judgement/cascades.ts';
import type { LogRange } from '../../src/binlog/range.ts';
import { replayLog } from '../../src/binlog/replay.ts';
import { surveyLog } from '../../src/binlog/survey.ts';
import { connect } from '../../src/mysql/connect.ts';
import { contextFor, runScript } from '../backup/support.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { copySince, endOfLog, withRoot } from './support.ts';

const BEFORE = `
  CREATE TABLE p (id INT PRIMARY KEY, a INT);
  CREATE TABLE c (id INT PRIMARY KEY, pid INT, FOREIGN KEY (pid) REFERENCES p (id) ON DELETE CASCADE ON UPDATE CASCADE);
  CREATE TABLE n (id INT PRIMARY KEY, pid INT, FOREIGN KEY (pid) REFERENCES p (id) ON DELETE SET NULL);
  CREATE TABLE k (pid INT, x CHAR(9), FOREIGN KEY (pid) REFERENCES p (id) ON DELETE CASCADE);
  CREATE TABLE m (pid INT, x INT, FOREIGN KEY (pid) REFERENCES p (id) ON DELETE SET NULL);
  CREATE TABLE t (id INT PRIMARY KEY);
  INSERT INTO p VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 7), (8, 8), (9, 9), (10, 10);
  INSERT INTO k VALUES (8, 'a'), (8, 'b'), (9, 'a'), (10, 'c');
  INSERT INTO m VALUES (9, 1), (10, 1);
  INSERT INTO c VALUES (1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 6), (7, 7), (8, 7);
  INSERT INTO n VALUES (1, 1), (5, 5), (6, 6);
  INSERT INTO t VALUES (1), (2);
  CREATE TABLE late (id INT PRIMARY KEY);
  CREATE TABLE f (id INT PRIMARY KEY, oid INT, FOREIGN KEY (oid) REFERENCES OTHER.t (id) ON DELETE CASCADE);
  INSERT INTO f VALUES (1, 1), (2, 2);
`;

/** Left open at the moment of the backup. */
const PREPARED = `XA START 'early'; INSERT INTO late VALUES (60); XA END 'early'; XA PREPARE 'early';`;

interface Case {
  readonly what: string;
  /** On the database, `OTHER` being another one. */
  readonly work: string;
  readonly on?: TestServer['kind'];
  /** `same`: repeated exactly; `private`: only where the name is its own; else why it is refused. */
  readonly is: string;
  /** What the repetition itself says, where the survey says less. */
  readonly again?: string;
}

const AGAIN = 'which would not give the same again';
const CASES: readonly Case[] = [
  ['a multi-table DELETE of children and parents', 'DELETE c, p FROM p JOIN c ON c.pid = p.id WHERE p.id = 2'],
  ['a multi-table DELETE of parents and children', 'DELETE p, c FROM p JOIN c ON c.pid = p.id WHERE p.id IN (3, 4)'],
  [
    'a multi-table DELETE of some of the children, without a primary key',
    "DELETE k, p FROM p JOIN k ON k.pid = p.id AND k.x = 'a' WHERE p.id IN (8, 9)",
  ],
  [
    'a multi-table DELETE with SET NULL, without a primary key',
    'DELETE m, p FROM p JOIN m ON m.pid = p.id WHERE p.id = 10',
  ],
  ['a multi-table DELETE with SET NULL', 'DELETE p, n FROM p JOIN n ON n.pid = p.id WHERE p.id = 5'],
  [
    'a multi-table UPDATE over a cascade',
    'UPDATE p JOIN c ON c.pid = p.id SET p.a = 9, c.id = c.id + 10 WHERE p.id = 6',
  ],
  ['a key that is updated', 'UPDATE p SET id = 70 WHERE id = 7'],
  ['a default of the time', 'ALTER TABLE t ADD u DATETIME(6) DEFAULT (NOW(6))'],
  [
    'a text with € of a latin1 client',
    "SET NAMES latin1; ALTER TABLE t ADD v VARCHAR(9) DEFAULT '\\x80\\x81\\xe9', COMMENT 'f\\xfcnf \\x80'",
  ],
  ['a text in GBK', "SET NAMES gbk; CREATE TABLE gbk (a VARCHAR(9) DEFAULT '\\xc3\\xa9') COMMENT '\\x95\\x5cn'"],
  ['a text in Shift-JIS', "SET NAMES sjis; CREATE TABLE sjis (a INT) COMMENT '\\x83\\x5c\\x95\\x5cn'"],
  [
    'a text in Windows-1251',
    "SET NAMES cp1251; CREATE TABLE cp1251 (a INT) COMMENT '\\xcf\\xf0\\xe8'; SET NAMES utf8mb4",
  ],
  [
    'a distributed transaction of another database',
    "XA START 'y'; INSERT INTO OTHER.t VALUES (50); XA END 'y'; XA PREPARE 'y'; XA COMMIT 'y'; INSERT INTO t (id) VALUES (7)",
  ],
  [
    'a default that is computed',
    'ALTER TABLE t ADD w CHAR(36) DEFAULT (UUID())',
    `it fills rows that are there with UUID, ${AGAIN}`,
    'mariadb',
  ],
  [
    'a default of the connection',
    'ALTER TABLE t ADD y BIGINT DEFAULT (CONNECTION_ID())',
    `it fills rows that are there with CONNECTION_ID, ${AGAIN}`,
  ],
  [
    'bytes in a text of another character set',
    "SET NAMES latin1; ALTER TABLE t ADD x VARCHAR(9) DEFAULT _cp1251'\\xcf'",
    'it is in a character set that is not known here',
  ],
  // In front of ALTER DATABASE, which MySQL lets wait for what is prepared.
  [
    'a distributed transaction that was prepared before the backup',
    "XA COMMIT 'early'",
    'it commits a distributed transaction (XA) that was prepared before the backup: its rows are in neither the backup nor the log since',
  ],
  [
    'the defaults of the database in use',
    'ALTER DATABASE CHARACTER SET latin1',
    'private',
    undefined,
    'ALTER DATABASE is about the database in use',
  ],
  [
    'a distributed transaction',
    "XA START 'x'; INSERT INTO t (id) VALUES (51); XA END 'x'; XA PREPARE 'x'; XA ROLLBACK 'x'",
    'it is a distributed transaction (XA)',
  ],
].map(([what = '', work = '', is = 'same', on, again]) => ({ what, work, is, on, again }) as Case);
/** MySQL of today logs the rows of both. */
const CASCADE: Case = {
  what: 'rows that go with a parent of another database',
  work: 'DELETE FROM OTHER.t WHERE id = 1',
  on: 'mariadb',
  is: 'it deletes rows of OTHER.t, which changed rows of LIVE.f (ON DELETE CASCADE, ON UPDATE RESTRICT) that the server does not log',
};

describeOnServers(
  'whatever the log lacks',
  (server) => {
    test('is repeated exactly, or refused before anything is loaded', { timeout: 120_000 }, async () => {
      const { kind } = server();
      const [live, side, other] = await prepare(server());
      const reasonOf = ({ is }: Case) => is.replace('OTHER', other).replace('LIVE', live);
      const mine = [...CASES, CASCADE].filter(({ on }) => on === undefined || on === kind);
      const work = (cases: readonly Case[]) => cases.map((one) => one.work.replaceAll('OTHER', other)).join(';\n');
      const exact = mine.filter((one) => reasonOf(one) === 'same');
      const range = await logOf(server(), live, work(exact));
      expect(await judge(server(), range, live)).toBe('same');
      await repeat(server(), range, live, side);
      expect(await contentOf(server(), side)).toEqual(await contentOf(server(), live));
      rmSync(range.folder, { recursive: true });
      for (const one of mine.filter((each) => !exact.includes(each))) {
        const refused = await logOf(server(), live, work([one]));
        expect(`${one.what}: ${await judge(server(), refused, live)}`).toBe(`${one.what}: ${reasonOf(one)}`);
        const repeated = await repeat(server(), refused, live, side).then(
          () => 'repeated',
          (error: Error) => error.message,
        );
        // Of what was prepared before, only the survey knows.
        expect(repeated).toContain(
          /prepared before/.test(reasonOf(one)) ? 'repeated' : (one.again ?? reasonOf(one).replaceAll(live, side)),
        );
        rmSync(refused.folder, { recursive: true });
      }
    });
  },
  { binlog: true, onNewer: true },
);

async function prepare(server: TestServer): Promise<[live: string, side: string, other: string]> {
  const other = await server.createDatabase('other');
  await server.sql('CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2)', other);
  const [live, side] = [await server.createDatabase('live'), await server.createDatabase('side')];
  for (const database of [live, side]) await server.sql(BEFORE.replaceAll('OTHER', other), database);
  await runScript(server, live, PREPARED);
  return [live, side, other];
}

async function logOf(server: TestServer, database: string, work: string): Promise<LogRange> {
  const from = await endOfLog(server);
  await runBytes(server, database, work);
  return copySince(server, from);
}

/** What the survey says before anything is loaded. */
async function judge(server: TestServer, range: LogRange, database: string): Promise<string> {
  const survey = await withRoot(server, database, async (session, flavor) =>
    surveyLog(range, await readSubject(session, flavor, database), undefined, new AbortController().signal),
  );
  return survey.refused?.reason ?? (survey.onlyPrivate ? 'private' : 'same');
}

/** As a client of the character set sends it: `\x80` is one byte. */
async function runBytes(server: TestServer, database: string, text: string): Promise<void> {
  const bytes = text.replace(/\\x([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  await runScript(server, database, Buffer.from(bytes, 'latin1') as unknown as string);
}

async function repeat(server: TestServer, range: LogRange, from: string, into: string) {
  const context = await contextFor(server.target(into));
  const session = await (await connect(server.target(into))).open({ purpose: 'migration' });
  try {
    const request = { range, from: { database: from, ignoresCase: false }, into, isPrivate: false, stepId: 'replay' };
    await replayLog(request, session, context);
  } finally {
    await session.close();
  }
}

/** Definition and rows of every table. */
function contentOf(server: TestServer, database: string): Promise<unknown> {
  return withRoot(server, database, async (session) => {
    const content: Record<string, unknown> = {};
    const names = await session.query<{ name: string }>(
      'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1',
    );
    for (const { name } of names) {
      const [shown] = await session.query(`SHOW CREATE TABLE \`${name}\``);
      content[name] = [shown?.['Create Table'], await session.query(`SELECT * FROM \`${name}\` ORDER BY 1`)];
    }
    return content;
  });
}
