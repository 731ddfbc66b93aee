import { expect, test } from 'vitest';
import { classify } from '../../src/migrations/classify/classify.ts';
import { checkAppliedPart } from '../../src/migrations/edit.ts';
import { parseMigrationText, parseSections } from '../../src/migrations/parse.ts';
import { toStatement } from '../../src/migrations/sql/statement.ts';
import { temporaryName } from '../../src/migrations/temporary.ts';
import type { Session, StatementResult } from '../../src/mysql/connect.ts';
import { decideDdl } from '../../src/statements/recovery/evidence.ts';
import { routeBack } from '../../src/statements/recovery/route.ts';
import type { JournalRow } from '../../src/statements/row.ts';
import { runUnit } from '../../src/statements/section.ts';
import { lookedAt, replaySession, userVariables } from '../../src/statements/session-state.ts';
import { unitsOf } from '../../src/statements/unit.ts';
import type { Workbench } from '../../src/statements/workbench.ts';
import { sqlOf } from '../../src/statements/write.ts';
import { recordedContext } from '../support/recorded-context.ts';

const numbered = (...texts: string[]) =>
  texts.map((text, i) => ({ ordinal: i + 1, statement: toStatement(text, i + 1) }));
const problems = (up: string) => parseSections(`-- migrate:up\n${up}\n`).problems;
const done = (ordinal: number, evidence = {}): JournalRow => ({
  ...{ run: 'r', version: '1', direction: 'up', ordinal, digest: '', kind: 'ddl', connectionId: 1, state: 'done' },
  ...{ rows: null, error: null, statement: '', evidence: { objects: {}, ...evidence } },
});
const NOTHING: StatementResult = { rows: 0, lastInsertId: undefined, warnings: [] };
const hex = (text: string) => Buffer.from(text).toString('hex');

/** A connection that keeps what it hears, and answers as told. */
function fake(answer: (sql: string, nth: number) => StatementResult = () => NOTHING, state = 'intent') {
  const heard: string[] = [];
  const counts = new Map<string, number>();
  const session: Session = {
    connectionId: 1,
    query: async (sql) => {
      heard.push(sql);
      if (sql.startsWith('SELECT state')) return [{ state }] as never;
      return (/LAST_INSERT_ID\(\)/.test(sql) ? [{ id: 42, v0: 42 }] : []) as never;
    },
    queryKinds: async (sql) => {
      heard.push(sql);
      return { rows: [{ v0: 0, h0: '30', s0: 'binary', c0: 'binary' }], kinds: ['integer'] };
    },
    execute: async (sql) => {
      heard.push(sql);
      const nth = (counts.get(sql) ?? 0) + 1;
      counts.set(sql, nth);
      return answer(sql, nth);
    },
    close: async () => undefined,
    destroy: () => undefined,
  };
  return { session, heard };
}

async function run(texts: string[], answer?: (sql: string, nth: number) => StatementResult) {
  const all = numbered(...texts);
  const [work, journal] = [fake(answer, 'entered'), fake()];
  const bench = {
    ...{ run: 'r', work: work.session, journal: journal.session, deferred: [], ahead: [] },
    patience: { lockWaitSeconds: 1, lockRetries: 2 },
    evidence: { forget: () => undefined } as never,
  } as unknown as Workbench;
  const section = {
    ...{
      run: 'r',
      version: '1',
      direction: 'up' as const,
      of: all.length,
      all,
      units: unitsOf(all.map((o) => o.statement)),
    },
    ...{ opening: [], unopening: [], canOpenAhead: false, leavesTraces: true, closing: () => [] },
  };
  for (const unit of section.units) {
    await runUnit(section, unit, { closing: () => [], looked: lookedAt(all) }, bench, recordedContext());
  }
  return { work: work.heard, deferred: bench.deferred.map(sqlOf) };
}

test('LAST_INSERT_ID() after an explicit id is what the server says, not what the packet says', async () => {
  const { work } = await run(
    ['INSERT INTO settings (id) VALUES (7)', 'INSERT INTO users VALUES (LAST_INSERT_ID())'],
    (sql) => (/settings/.test(sql) ? { rows: 1, lastInsertId: '7', warnings: [] } : NOTHING),
  );
  const outcome = work.find((sql) => /^UPDATE `gateway_migrate_journal`/.test(sql) && sql.includes('ordinal = 1 '));
  expect(outcome).toContain(hex('"lastInsertId":"42"'));
});

test('user variables are as before when a statement that assigns them is tried again', async () => {
  const text = 'UPDATE t SET place = (@n := @n + 1) ORDER BY id';
  const { work } = await run(['SET @n = 0', text], (sql, nth) => {
    if (sql === text && nth === 1) throw Object.assign(new Error('lock'), { errno: 1205, sqlState: 'HY000' });
    return NOTHING;
  }).catch(() => ({ work: [] as string[] }));
  const second = work.lastIndexOf(text);
  // Either it is not tried again on this connection, or the variables are set back before.
  expect(
    work.filter((sql) => sql === text).length < 2 || work.slice(0, second).some((sql) => /^SET @`n` = /.test(sql)),
  ).toBe(true);
});

test('what was prepared and let go is not prepared again: its tables may be gone', async () => {
  const { session, heard } = fake();
  const texts = [
    "PREPARE s FROM 'UPDATE users SET full = first'",
    'EXECUTE s',
    'DEALLOCATE PREPARE s',
    'ALTER TABLE users DROP COLUMN first',
  ];
  await replaySession(
    session,
    numbered(...texts),
    [1, 2, 3, 4].map((n) => done(n)),
  );
  expect(heard).toEqual([]);
});

test('an @ in a literal begins no variable', () => {
  expect(userVariables(numbered("UPDATE u SET d = SUBSTRING_INDEX(email, '@', -1) WHERE kind = 'x'"))).toEqual([]);
  expect(userVariables(numbered("UPDATE u SET email = CONCAT(name, '@', 'example.com')"))).toEqual([]);
});

test('a temporary table in double quotes under ANSI_QUOTES', () => {
  const ansi = { noBackslashEscapes: false, ansiQuotes: true };
  expect(temporaryName(toStatement('CREATE TEMPORARY TABLE "users" (id INT)', 1, ansi))).toBe('users');
  const up = 'SET sql_mode = \'ANSI_QUOTES\'; CREATE TEMPORARY TABLE "users" (id INT); DELETE FROM "users";';
  const units = unitsOf(parseSections(`-- migrate:up\n${up}\n`).sections.up);
  expect(units.map(({ transaction }) => transaction)).toEqual([undefined, 'implied']);
});

test('a temporary table that a CALL or EXECUTE may use afterwards', () => {
  expect(problems('CREATE TEMPORARY TABLE tmp (a INT); INSERT INTO tmp VALUES (1); CALL p();')).toHaveLength(1);
  expect(
    problems("CREATE TEMPORARY TABLE tmp (a INT); PREPARE s FROM 'INSERT INTO x SELECT * FROM tmp'; EXECUTE s;"),
  ).toHaveLength(1);
  expect(problems('CREATE TEMPORARY TABLE tmp (a INT); DROP TEMPORARY TABLE tmp; CALL p();')).toEqual([]);
});

test('a CALL in a transaction that is rolled back leaves its mark too', async () => {
  const { work } = await run(['BEGIN', 'CALL p()', 'ROLLBACK']);
  const mark = work.findIndex((sql) => sql.includes("state = 'entered'"));
  expect(mark).toBeGreaterThanOrEqual(0);
  expect(mark).toBeLessThan(work.indexOf('CALL p()'));
});

test('what commits by itself in a transaction is refused although the tool cannot decide it', () => {
  for (const one of [
    'CREATE USER x',
    'RENAME USER a TO b',
    'ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u',
    'DROP USER x',
  ]) {
    expect(problems(`BEGIN; INSERT INTO t VALUES (1); ${one}; COMMIT;`)).toHaveLength(1);
  }
});

test('ALTER TABLE with WAIT or NOWAIT (MariaDB) is read past it', () => {
  expect(classify('ALTER TABLE t NOWAIT EXCHANGE PARTITION p WITH TABLE u').kind).toBe('opaque');
  expect(classify('ALTER TABLE t WAIT 5 RENAME TO u').touches).toMatchObject([{ action: 'rename', to: 'table:u' }]);
  const renamed = toStatement('ALTER TABLE t WAIT 5 RENAME TO u', 1);
  const now = { digests: new Map([['table:u', 'd']]), identities: new Map([['table:u', 'i']]) } as never;
  const before = { objects: { 'table:t': 'd', 'table:u': null }, identities: { 'table:t': 'i' } } as never;
  expect(decideDdl(renamed, before, now).is).toBe('done');
});

test('what the down section sets at its end does not stand in front of the way back', () => {
  const text = `-- migrate:up\nCREATE TABLE a (x INT); CREATE TABLE b (x INT); CREATE TABLE c (x INT);
-- migrate:down\nSET foreign_key_checks = 0; DROP TABLE c; DROP TABLE b; DROP TABLE a; SET foreign_key_checks = 1;\n`;
  const plan = parseMigrationText(text, { version: '1', name: 'x', baseName: '1_x', checksum: 'v1:0' });
  const rows = [done(1, { objects: { 'table:a': null } }), done(2, { objects: { 'table:b': null } })];
  const route = routeBack(plan, rows);
  expect('statements' in route && route.statements.map((one) => one.text)).toEqual([
    'SET foreign_key_checks = 0',
    'DROP TABLE `b`',
    'DROP TABLE `a`',
    'SET foreign_key_checks = 1',
  ]);
});

test('a setting of the next transaction alone is not replayed when that is over', async () => {
  const { session, heard } = fake();
  const texts = [
    'SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED',
    'UPDATE t SET a = 1',
    'SET insert_id = 5',
    'INSERT INTO t VALUES ()',
  ];
  await replaySession(
    session,
    numbered(...texts),
    [1, 2, 3, 4].map((n) => done(n)),
  );
  expect(heard).toEqual([]);
});

test('a transaction that cannot hold the journal is refused before the window', () => {
  expect(problems('START TRANSACTION READ ONLY; SELECT MAX(id) INTO @n FROM t; COMMIT;')).not.toEqual([]);
});

test.each([
  'SELECT (RELEASE_ALL_LOCKS())',
  'SET @x = (SELECT RELEASE_ALL_LOCKS())',
  'INSERT INTO t VALUES (RELEASE_ALL_LOCKS())',
])('13 %s gives up the locks as well', (sql) => expect(classify(sql).kind).toBe('forbidden'));

test('autocommit in backticks', () => expect(classify('SET `autocommit` = 0').kind).toBe('forbidden'));

test('rows put into a table in memory are not put there twice when a lock was missing', async () => {
  const text = 'INSERT INTO tmp SELECT id FROM users';
  const { work } = await run(['CREATE TEMPORARY TABLE tmp (id INT) ENGINE=MEMORY', text], (sql, nth) => {
    if (sql === text && nth === 1) throw Object.assign(new Error('lock'), { errno: 1205, sqlState: 'HY000' });
    return NOTHING;
  }).catch(() => ({ work: [text] }));
  expect(work.filter((sql) => sql === text)).toHaveLength(1);
});

test('a file whose text was too large to keep is held against the digests', () => {
  const file = parseMigrationText('-- migrate:up\nINSERT INTO t VALUES (0); INSERT INTO t VALUES (1);', {
    version: '1',
    name: 'x',
    baseName: '1_x',
    checksum: 'v1:0',
  });
  const [, second] = file.up;
  // Applied as statement 1; another one stands in front of it now.
  expect(() => checkAppliedPart(file, null, [{ ordinal: 1, digest: second?.digest ?? '' }])).toThrow(/edited/);
});
