import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { loadBesidePhase } from '../../../src/phases/restore/load-side-database.ts';
import { logFolder, replayPhase } from '../../../src/phases/restore/replay.ts';
import { replayTailPhase } from '../../../src/phases/restore/replay-tail.ts';
import { contextFor, failureOf, takeBackup } from '../../backup/support.ts';
import { endOfLog, rowsOf } from '../../binlog/support.ts';
import { describeOnServers } from '../../support/servers.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'gm-tail-'));
afterAll(() => rmSync(stateDir, { recursive: true }));
const PADDING = "INSERT INTO big VALUES (REPEAT('x', 100000))";

describeOnServers(
  'the rest of the log',
  (server) => {
    test('is repeated once, up to now, also where a process was killed in the middle of it', {
      timeout: 60_000,
    }, async () => {
      const database = await server().createDatabase('shop');
      const sql = (text: string) => server().sql(text, database);
      await sql(
        'CREATE TABLE t (id INT PRIMARY KEY, n INT); CREATE TABLE big (x MEDIUMTEXT); INSERT INTO t VALUES (1, 1)',
      );
      // So far from its beginning a log is not copied from there.
      await sql(PADDING);
      const { file } = await takeBackup(server(), server().target(database));
      const place = await endOfLog(server());
      await sql('DELETE FROM t');
      await sql('INSERT INTO t VALUES (2, 2)');
      const until = await endOfLog(server());
      const parts = {
        ...{ run: `run-${server().version}`, config: { stateDir } as Config },
        env: { PATH: process.env.PATH, GATEWAY_MIGRATE_CLIENTS: server().binDir },
      };
      const side = `${database}_restore_1`;
      const leftOut = [`${place.file}:${place.position}`];
      const replay = { way: 'beside', file, until, database: side, into: '', leftOut } as const;
      const context = await contextFor(server().target(database));
      await loadBesidePhase(parts).run({ file, database: side }, context);
      await replayPhase(parts).run(replay, context);
      expect(await rowsOf(server(), side, 't')).toEqual([
        { id: 1, n: 1 },
        { id: 2, n: 2 },
      ]);
      await sql('INSERT INTO t VALUES (3, 3)');
      await sql(PADDING);
      const tail = replayTailPhase(parts);
      await tail.run({ replay, isLast: false }, context);
      await sql('UPDATE t SET n = 33 WHERE id = 3; INSERT INTO t VALUES (4, 4)');
      const logs = logFolder(join(stateDir, 'runs', parts.run));
      expect(existsSync(join(logs, 'tail-begun'))).toBe(false);
      // As a process leaves it that was killed with a part of it repeated.
      writeFileSync(join(logs, 'tail-begun'), '');
      await server().sql(`INSERT INTO ${side}.t VALUES (4, 4)`);
      const told = await tail.run({ replay, isLast: true }, context);
      expect(told).toMatch(/^\d+\.\d MB of the binary log, up to binlog\.\d+:\d+$/);
      expect(readdirSync(logs)).not.toContain('tail-begun');
      expect(await rowsOf(server(), side, 't')).toEqual([{ id: 1, n: 1 }, ...(await rowsOf(server(), database, 't'))]);
      expect((await rowsOf(server(), side, 'big')).length).toBe(2);
      await sql('INSERT INTO t VALUES (1, 1)');

      const failure = await failureOf(tail.run({ replay, isLast: true }, context));
      expect(failure).toMatchObject({
        message: expect.stringMatching(
          /^repeating what was written meanwhile failed: repeating the binary log up to binlog\.\d+:\d+ failed: binlog\.\d+:\d+ t id=1: its key is that of a row which is there again \(no row → id=1 n=1\)$/,
        ),
        ...{ exitCode: 2, state: 'production is as it was before' },
        next: 'the same gateway-migrate restore once more: it tells now what stands in the way',
      });
      rmSync(join(logs, 'tail-begun'));
      writeFileSync(join(logs, 'reached.json'), JSON.stringify({ file: 'binlog.000000', position: 4 }));
      expect((await failureOf(tail.run({ replay, isLast: true }, context))).message).toBe(
        'repeating what was written meanwhile failed: the server has removed binlog.000000, up to which the log was repeated',
      );
    });
  },
  { binlog: true, onNewer: true },
);
