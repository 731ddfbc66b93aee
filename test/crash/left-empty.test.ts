import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeBeside } from '../../src/exchange/side-database.ts';
import { connect } from '../../src/mysql/connect.ts';
import { endOfLog } from '../binlog/support.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { Stage, type StageOptions } from './stage.ts';
import { requireKilled } from './sweep.ts';

const START = `
CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(40));
CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, customer_id INT, FOREIGN KEY (customer_id) REFERENCES customers (id));
CREATE VIEW named AS SELECT name FROM customers;
INSERT INTO customers VALUES (1, 'Ada'), (2, 'Bea');
INSERT INTO orders (customer_id) VALUES (1);
`;
const MIGRATIONS = {
  '1_notes.sql': '-- migrate:up\nCREATE TABLE notes (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE notes;\n',
};
/** Between it and the next one production has no tables. */
const TABLES_LEAVE = /^RENAME TABLE (?!.*_restore_)/;

/** The folder that a machine keeps its runs in. */
let state = 'state';
const options: StageOptions = {
  start: START,
  migrations: MIGRATIONS,
  configure: () => ({
    ...{ state, logs: `logs-${state}` },
    backup: { dir: 'backups', verify: 'checksum', keep: { last: 1, days: 0 } },
  }),
};

/** As another machine, or with a lost state folder. */
async function elsewhere<T>(act: () => Promise<T>): Promise<T> {
  state = 'state-elsewhere';
  try {
    return await act();
  } finally {
    state = 'state';
  }
}

async function must(stage: Stage, ...args: string[]): Promise<string> {
  const { code, output } = await stage.run(...args);
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}:\n${output}`);
  return output;
}

/** A restore that was killed between its two RENAMEs. */
async function leaveEmpty(server: TestServer): Promise<Stage> {
  const stage = await Stage.build(server, options);
  await must(stage, 'deploy', '--yes', '--skip-rehearsal');
  await must(stage, 'backup', 'create');
  const { file, position } = await endOfLog(server);
  await stage.sql('DELETE FROM orders;\nINSERT INTO notes VALUES (7)');
  const place = `${file}:${position}`;
  const struck = await stage.strike({ at: TABLES_LEAVE, fate: 'after' }, 'restore', '--leave-out', place, '--yes');
  requireKilled(struck, TABLES_LEAVE);
  return stage;
}

async function query<Row>(server: TestServer, database: string, sql: string): Promise<Row[]> {
  const session = await (await connect(server.target(database))).open();
  try {
    return (await session.query(sql)) as Row[];
  } finally {
    await session.close();
  }
}

describeOnServers(
  'production that a killed restore has left without tables, on a machine that does not know the run',
  (server) => {
    describe('the tables stand beside', () => {
      let stage: Stage;
      let told: RegExp;
      let byHand: string;
      let nothingStarted: string;

      beforeAll(async () => {
        stage = await leaveEmpty(server());
        const aside = (await stage.beside()).find((name) => name.startsWith('before_')) ?? '';
        const from = `${stage.database}_${aside}`;
        const [row] = await query<{ run: string }>(server(), from, 'SELECT run FROM gateway_migrate_beside');
        told = new RegExp(
          `run ${row?.run} \\(restore\\) was cut off while it exchanged the tables of ${stage.database}: 3 of them are whole in ${from}`,
        );
        nothingStarted = `nothing was started; what ${stage.database} held is in ${from}`;
        const move = (name: string) => `\`${from}\`.\`${name}\` TO \`${stage.database}\`.\`${name}\``;
        byHand =
          `on the machine that began run ${row?.run}: gateway-migrate resume (finishes it), or gateway-migrate rollback (undoes it); ` +
          `where its state folder is lost, by hand: RENAME TABLE ${['customers', 'notes', 'orders'].map(move).join(', ')}; and views, triggers, routines and events from a backup`;
      }, 60_000);
      afterAll(() => stage?.clear());

      test.each([
        ['deploy --yes', 5],
        ['rollback --yes', 5],
        ['resume --yes', 5],
        ['restore --yes', 5],
        ['backup create', 5],
        ['baseline --yes', 5],
        ['test', 5],
        ['doctor', 1],
        ['verify', 1],
        ['status --check', 1],
      ])('%s ends with %i, and says where they are', async (command, code) => {
        const ended = await elsewhere(() => stage.run(...command.split(' '), '--json'));
        expect(ended, ended.output).toMatchObject({ code });
        const output = ended.output.replaceAll('\\"', '"');
        expect(output).toMatch(told);
        expect(output).toContain(byHand);
        if (code === 5) expect(output).toContain(nothingStarted);
        if (code === 1 && !command.startsWith('status')) expect(output).toContain('"name":"an exchange cut off"');
        const tables = await query(
          server(),
          stage.database,
          `SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT LIKE 'gateway%'`,
        );
        expect(tables).toEqual([]);
      });

      test('what it was is not pruned, whatever else is', async () => {
        const later = `${stage.database}_before_29991231_235959`;
        const session = await (await connect(server().target(stage.database))).open();
        await makeBeside(session, { name: later, role: 'before', ofDatabase: stage.database, run: 'another' });
        await session.close();
        const names = await stage.beside();
        await elsewhere(() => must(stage, 'backup', 'prune', '--yes'));
        expect(await stage.beside()).toEqual(names);
      });

      test('where the run is known it is offered to be ended', async () => {
        const output = await must(stage, 'status');
        expect(output).toContain('gateway-migrate resume');
        expect(output).not.toMatch(told);
        expect(output).not.toContain('has no tables');
      });

      test('by hand, as it is printed, every row is there again', async () => {
        await stage.sql(/by hand: (RENAME TABLE .*?); and views/.exec(byHand)?.[1] ?? '');
        const rows = (sql: string) => query(server(), stage.database, sql);
        expect(await rows('SELECT name FROM customers ORDER BY id')).toEqual([{ name: 'Ada' }, { name: 'Bea' }]);
        expect(await rows('SELECT id FROM notes')).toEqual([{ id: 7 }]);
        const again = await elsewhere(() => must(stage, 'deploy', '--yes', '--skip-rehearsal'));
        expect(again).toContain('nothing to do: all 1 migrations are applied');
      });
    });

    test('after a restore of an empty backup has ended nobody is refused', async () => {
      const stage = await Stage.build(server(), { ...options, start: '' });
      try {
        await must(stage, 'backup', 'create');
        await stage.sql('CREATE TABLE later (id INT PRIMARY KEY)');
        await must(stage, 'restore', '--yes');
        expect((await stage.beside()).filter((name) => name.startsWith('before_'))).toHaveLength(1);
        await elsewhere(async () => {
          await must(stage, 'status', '--json');
          await must(stage, 'backup', 'create');
          await must(stage, 'deploy', '--yes', '--skip-rehearsal');
        });
      } finally {
        await stage.clear();
      }
    });
  },
  { binlog: true },
);
