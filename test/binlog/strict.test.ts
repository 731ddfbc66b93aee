import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { replayLog } from '../../src/binlog/replay.ts';
import { requireStrict } from '../../src/binlog/strict.ts';
import { contextFor } from '../backup/support.ts';
import { describeOnServers } from '../support/servers.ts';
import { copySince, endOfLog, rowsOf, withRoot } from './support.ts';

const refusal = (server: string) => (error: Error) => `${server}: ${error.message}`;

describeOnServers(
  'a repetition on a server that passes over errors',
  (server) => {
    test('is refused before anything is put in', { timeout: 60_000 }, async () => {
      const [live, side] = [await server().createDatabase('strict'), await server().createDatabase('strict')];
      await server().sql('CREATE TABLE t (id INT PRIMARY KEY, n INT)', live);
      await server().sql('CREATE TABLE t (id INT PRIMARY KEY, n INT); INSERT INTO t VALUES (2, 7)', side);
      const from = await endOfLog(server());
      await server().sql('INSERT INTO t VALUES (1, 1), (2, 2)', live);
      const range = await copySince(server(), from);
      const context = await contextFor(server().target(side));
      const request = { range, from: { database: live, ignoresCase: false }, into: side, isPrivate: false };
      await withRoot(server(), side, async (session, flavor) => {
        const told = () => replayLog({ ...request, stepId: 'replay' }, session, context).catch(refusal(flavor.kind));
        const skipping =
          /^\w+: rows of the log go in without their errors as long as the server runs with (?:slave|replica)_skip_errors = 1032,1062$/;
        expect(await told()).toMatch(skipping);
        if (flavor.kind === 'mysql') {
          await session.query("SET SESSION rbr_exec_mode = 'IDEMPOTENT'");
          await requireStrict(session, flavor).catch(() => undefined);
          expect(await session.query('SELECT @@rbr_exec_mode AS mode')).toEqual([{ mode: 'STRICT' }]);
          return;
        }
        await session.query("SET GLOBAL slave_exec_mode = 'IDEMPOTENT'");
        expect(await told()).toBe(
          "mariadb: rows of the log go in without their errors as long as slave_exec_mode is IDEMPOTENT: SET GLOBAL slave_exec_mode = 'STRICT'",
        );
      });
      rmSync(range.folder, { recursive: true });
      expect(await rowsOf(server(), side, 't')).toEqual([{ id: 2, n: 7 }]);
    });
  },
  { binlog: true, args: ['--loose-slave-skip-errors=1062,1032', '--loose-replica-skip-errors=1062,1032'] },
);
