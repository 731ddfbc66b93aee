import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { replayPhase } from '../../../src/phases/restore/replay.ts';
import { contextFor, failureOf, takeBackup } from '../../backup/support.ts';
import { endOfLog } from '../../binlog/support.ts';
import { describeOnServers } from '../../support/servers.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'gm-replay-'));
afterAll(() => rmSync(stateDir, { recursive: true }));

describeOnServers(
  'the replay step',
  (server) => {
    test('fails with production untouched, the place, and what to type next', async () => {
      const database = await server().createDatabase('shop');
      await server().sql('CREATE TABLE t (id INT PRIMARY KEY)', database);
      const { file } = await takeBackup(server(), server().target(database));
      const until = await endOfLog(server());
      const config = { stateDir } as Config;
      const parts = { run: `run-${server().kind}`, config, env: { GATEWAY_MIGRATE_CLIENTS: server().binDir } };
      const input = { way: 'beside', file, until, database: 'not_there', into: '' } as const;
      const context = await contextFor(server().target(database));
      expect(await failureOf(replayPhase(parts).run(input, context))).toMatchObject({
        message: `bringing ${basename(file)} up to ${until.file}:${until.position} failed: Unknown database 'not_there'`,
        exitCode: 2,
        state: 'production is as it was before',
        next: 'gateway-migrate restore, to another moment or without --until',
      });
      // MariaDB's server is where every machine of the tests has it.
      if (server().kind !== 'mysql') return;
      const alone = mkdtempSync(join(stateDir, 'clients-'));
      for (const name of ['mysqldump', 'mysql', 'mysqlbinlog']) {
        symlinkSync(join(server().binDir, name), join(alone, name));
      }
      const apart = replayPhase({ ...parts, env: { GATEWAY_MIGRATE_CLIENTS: alone } });
      expect((await failureOf(apart.run({ ...input, way: 'private' }, context))).message).toMatch(
        /failed: there is no server program of MySQL [\d.]+ on this machine any more$/,
      );
    });
  },
  { binlog: true },
);
