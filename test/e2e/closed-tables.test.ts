import { once } from 'node:events';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, jsonLines, lastOf, type Production } from './production.ts';

const STANDING = 'CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, a INT NOT NULL DEFAULT 1)';
const COLUMN = `-- migrate:up
ALTER TABLE t ADD COLUMN note VARCHAR(20);
-- migrate:down
ALTER TABLE t DROP COLUMN note;
`;
/** Its way back writes to a table that is closed to everybody else. */
const TABLE = `-- migrate:up
CREATE TABLE made (id INT PRIMARY KEY AUTO_INCREMENT, note VARCHAR(20));
-- migrate:down
INSERT INTO made VALUES (99, 'ours');
DROP TABLE made;
`;
const SAVED = /"type":"step.finished".*"id":"save-rows"/;

const REFUSED =
  /^gateway-migrate rollback saves the rows of this table and takes it away; see: gateway-migrate status$|^Unknown column|doesn't exist$/;
const LIMIT_MS = 60_000;

/** `killedAt`: the line of `--json` at which the program is killed; `resume` ends the run then. */
const CASES: readonly { what: string; migration: string; table: string; killedAt?: RegExp }[] = [
  { what: 'a column that goes', migration: COLUMN, table: 't' },
  { what: 'a column, killed when the rows are saved', migration: COLUMN, table: 't', killedAt: SAVED },
  { what: 'a table, killed at its first statement', migration: TABLE, table: 'made', killedAt: /"statement.started"/ },
];

describeOnServers('a rollback under writers that no maintenance stops', (server) => {
  let production: Production;
  const made: Production[] = [];
  beforeEach(async () => {
    production = await createProduction(server());
    made.push(production);
    // MySQL lets an account without SUPER make triggers only so, with a binary log.
    await server().sql('SET GLOBAL log_bin_trust_function_creators = 1');
    await production.sql(STANDING);
    await production.sql('INSERT INTO t (a) VALUES (1), (1)');
  });
  afterAll(() => {
    for (const one of made) one.remove();
  });

  const closing = () =>
    production.query('SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()');
  const deploy = async (...flags: string[]) =>
    lastOf(await production.run('deploy', '--yes', '--json', '--skip-backup', ...flags));

  /** One row after the other, each acknowledged before the next, until the server refuses one. */
  async function write(table: string): Promise<{ ids: number[]; refusal: string }> {
    const session = await (await connect(server().target(production.database))).open({ purpose: 'migration' });
    const ids: number[] = [];
    try {
      for (let id = 100; ; id++) {
        await session.execute(`INSERT INTO ${table} (id, note) VALUES (${id}, 'acknowledged')`);
        ids.push(id);
      }
    } catch (error) {
      return { ids, refusal: (error as Error).message };
    } finally {
      await session.close();
    }
  }

  /** Stops the program at that line, and returns what it said to its end. */
  async function stopAt(at: RegExp, signal: NodeJS.Signals): Promise<string> {
    const child = production.start(['rollback', '--yes', '--json']);
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (at.test(output)) child.kill(signal);
    });
    await once(child, 'close');
    expect(output).toMatch(at);
    return output;
  }

  test.each(CASES)('every acknowledged row is saved or stays: $what', { timeout: LIMIT_MS }, async (one) => {
    const { migration, table, killedAt } = one;
    production.migration('1_it.sql', migration);
    expect((await deploy()).exitCode).toBe(0);
    const writer = write(table);
    await seenRows(table);
    if (killedAt) await stopAt(killedAt, 'SIGKILL');
    const ended = lastOf(await production.run(killedAt ? 'resume' : 'rollback', '--yes', '--json'));
    expect([ended.exitCode, ended.error]).toEqual([0, undefined]);
    const { ids, refusal } = await writer;
    expect(refusal).toMatch(REFUSED);
    expect(await closing()).toEqual([]);
    const back = await deploy('--with-saved-rows');
    expect([back.exitCode, back.error]).toEqual([0, undefined]);
    const kept = await production.query<{ id: number }>(
      `SELECT id FROM ${table} WHERE note = 'acknowledged' ORDER BY id`,
    );
    expect(kept.map(({ id }) => id)).toEqual(ids);
  });

  test('an interrupted one opens the tables again', { timeout: LIMIT_MS }, async () => {
    production.migration('1_it.sql', TABLE);
    production.migration('2_more.sql', TABLE.replaceAll('made', 'more'));
    expect((await deploy()).exitCode).toBe(0);
    await production.sql('INSERT INTO made VALUES (1, NULL); INSERT INTO more VALUES (1, NULL)');
    // Its lock keeps the second table open, while the first is closed already.
    const reader = await (await connect(server().target(production.database))).open({ purpose: 'migration' });
    await reader.query('START TRANSACTION');
    await reader.query(`SELECT * FROM made`);
    const output = await stopAt(/in the way: /, 'SIGINT');
    await reader.close();
    expect(lastOf({ code: null, stdout: output, stderr: '' })).toMatchObject({
      exitCode: 130,
      production: 'unchanged',
    });
    expect(output).toContain('"title":"Open the tables to writers again"');
    expect(await closing()).toEqual([]);
    await production.sql('INSERT INTO made VALUES (2, NULL); INSERT INTO more VALUES (2, NULL)');
  });

  test('where no trigger may be made, that is told', { timeout: LIMIT_MS }, async () => {
    production.migration('1_it.sql', TABLE);
    expect((await deploy()).exitCode).toBe(0);
    await production.sql('INSERT INTO made VALUES (1, NULL)');
    for (const host of ['localhost', '127.0.0.1']) {
      const on = production.database.replaceAll('_', '\\_');
      await server().sql(`REVOKE TRIGGER ON \`${on}\`.* FROM 'app user'@'${host}'`);
    }
    const finished = await production.run('rollback', '--yes', '--json');
    expect(lastOf(finished)).toMatchObject({ exitCode: 0 });
    const notes = jsonLines(finished).flatMap(({ type, text }) => (type === 'note' ? [String(text)] : []));
    expect(notes).toContain(
      'from the moment in which the rows of made are saved until they are gone, whoever writes there gets an error',
    );
    expect(notes).toContainEqual(
      expect.stringMatching(
        /^made cannot be closed to writers: TRIGGER command denied to user 'app user'@'localhost' for table .*made.*\. A row that is written there after the rows are saved goes with the others$/,
      ),
    );
  });

  /** The writer has begun. */
  async function seenRows(table: string): Promise<void> {
    for (;;) {
      const [row] = await production.query<{ n: number }>(
        `SELECT COUNT(*) AS n FROM ${table} WHERE note = 'acknowledged'`,
      );
      if (Number(row?.n) > 0) return;
    }
  }
});
