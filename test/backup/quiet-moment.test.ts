import { expect, test } from 'vitest';
import { waitForQuietMoment } from '../../src/backup/dump/quiet-moment.ts';
import type { Session } from '../../src/mysql/connect.ts';
import { connect } from '../../src/mysql/connect.ts';
import { systemClock } from '../../src/system/clock.ts';
import { recordedContext } from '../support/recorded-context.ts';
import { describeOnServers } from '../support/servers.ts';
import { takeBackup } from './support.ts';

const SHOWN = /thread \d+ \(root\), for \d+ s: SELECT SLEEP\(\d+\), id FROM orders$/;

describeOnServers(
  'a backup beside a long SELECT',
  (server) => {
    const start = async (seconds: number) => {
      const database = await server().createDatabase('shop');
      await server().sql('CREATE TABLE orders (id INT PRIMARY KEY); INSERT INTO orders VALUES (1)', database);
      const production = await connect(server().target(database));
      const [reader, observer] = [await production.open(), await production.open()];
      // It fails when it is killed, which is how one of the tests ends it.
      const reading = reader.query(`SELECT SLEEP(${seconds}), id FROM orders`).catch(() => undefined);
      while ((await runningFor(observer, reader.connectionId)) < 1) await new Promise((go) => setTimeout(go, 100));
      const end = () => Promise.all([reader.close(), observer.close()]);
      return { database, production, reader, observer, reading, end };
    };

    test('lets nobody wait behind FLUSH TABLES', async () => {
      const { database, observer, reading, end } = await start(4);
      let isOver = false;
      const seen: string[] = [];
      const watch = async () => {
        while (!isOver) {
          const rows = await observer.query<{ state: string }>(
            "SELECT STATE AS state FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for %flush%'",
          );
          seen.push(...rows.map(({ state }) => state));
          await new Promise((go) => setTimeout(go, 50));
        }
      };
      const watching = watch();
      const { context, manifest } = await takeBackup(server(), server().target(database));
      isOver = true;
      await Promise.all([watching, reading]);
      await end();
      expect(seen).toEqual([]);
      expect(manifest.tables.map(({ rows }) => rows)).toEqual([1]);
      const waited = context.notes().filter((note) => note.startsWith('waiting for statements'));
      if (server().kind === 'mysql') {
        expect(waited).toEqual([
          expect.stringContaining(
            'waiting for statements to end, behind which FLUSH TABLES would hold up others: thread ',
          ),
        ]);
        expect(waited[0]).toMatch(SHOWN);
      } else expect(waited).toEqual([]);
    });

    test('looks for what a dump loses when the dump has its snapshot, not in front of FLUSH TABLES', async () => {
      const database = await server().createDatabase('shop');
      await server().sql(
        'CREATE TABLE docs (id INT, doc JSON, f FLOAT); INSERT INTO docs VALUES (1, NULL, 1)',
        database,
      );
      await server().sql("SET GLOBAL log_output = 'TABLE'; TRUNCATE mysql.general_log; SET GLOBAL general_log = ON");
      await takeBackup(server(), server().target(database));
      await server().sql("SET GLOBAL general_log = OFF; SET GLOBAL log_output = 'FILE'");
      const session = await (await connect(server().target(database))).open();
      const said = await session.query<{ text: string }>(
        "SELECT CONVERT(argument USING utf8mb4) AS text FROM mysql.general_log WHERE command_type <> 'Connect' ORDER BY event_time",
      );
      await session.close();
      const texts = said.map(({ text }) => text);
      const flushed = texts.findLastIndex((text) => /^(?:FLUSH|UNLOCK) /.test(text));
      const begun = texts.findIndex((text) =>
        /^START TRANSACTION WITH CONSISTENT|WITH CONSISTENT SNAPSHOT \*\/$/.test(text),
      );
      const looked = texts.findIndex((text) => text.includes('COUNT(*) AS lost'));
      expect(begun).toBeGreaterThan(-1);
      expect(looked).toBeGreaterThan(Math.max(flushed, begun));
    });

    test('is given up when it does not end, and says what runs', async () => {
      const { production, reader, observer, reading, end } = await start(600);
      let nowMs = 0;
      const clock = {
        ...systemClock,
        ticksMs: () => nowMs,
        sleep: async (ms: number) => {
          nowMs += ms * 100;
        },
      };
      const waiting = waitForQuietMoment(observer, recordedContext(production, { clock }));
      await expect(waiting).rejects.toThrow(
        /^no moment without a long statement, behind which FLUSH TABLES would hold up others: thread \d+ \(root\)/,
      );
      await observer.query(`KILL QUERY ${reader.connectionId}`);
      await reading;
      await end();
    });
  },
  { binlog: true },
);

async function runningFor(observer: Session, thread: number): Promise<number> {
  const [row] = await observer.query<{ seconds: number }>(
    "SELECT TIME AS seconds FROM information_schema.PROCESSLIST WHERE ID = ? AND COMMAND = 'Query'",
    [thread],
  );
  return Number(row?.seconds ?? 0);
}
