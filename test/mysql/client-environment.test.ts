import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { copyLogCommand, dumpCommand, shellCommand } from '../../src/mysql/client-commands.ts';
import { findLogProgram } from '../../src/mysql/clients.ts';
import { systemExec } from '../../src/system/exec.ts';
import { clientsOf } from '../backup/support.ts';
import { describeOnServers } from '../support/servers.ts';

/** A folder with option files of somebody else. */
const ELSEWHERE = mkdtempSync(join(tmpdir(), 'gm-client-environment-'));
for (const name of ['my.cnf', '.my.cnf', '.mylogin.cnf']) {
  writeFileSync(join(ELSEWHERE, name), '[client]\nport=1\nhost=192.0.2.1\nsocket=/nowhere.sock\npassword=wrong\n');
}

/** What the programs of either family read from their environment, pointing to another server or another account. */
const VARIABLES: readonly (readonly [name: string, value: string])[] = [
  ['MYSQL_HOST', '192.0.2.1'],
  ['MARIADB_HOST', '192.0.2.1'],
  ['MYSQL_TCP_PORT', '1'],
  ['MYSQL_UNIX_PORT', '/nowhere.sock'],
  ['MARIADB_UNIX_PORT', '/nowhere.sock'],
  ['MYSQL_PWD', 'wrong'],
  ['MYSQL_GROUP_SUFFIX', '_other'],
  ['MARIADB_GROUP_SUFFIX', '_other'],
  ['MYSQL_HOME', ELSEWHERE],
  ['MARIADB_HOME', ELSEWHERE],
  ['HOME', ELSEWHERE],
  ['MYSQL_TEST_LOGIN_FILE', join(ELSEWHERE, '.mylogin.cnf')],
  ['LIBMYSQL_PLUGINS', 'nowhere'],
  ['LIBMYSQL_PLUGIN_DIR', ELSEWHERE],
];

afterEach(() => void vi.unstubAllEnvs());

describeOnServers(
  'a client program',
  (server) => {
    describe.each(['socket', 'tcp'] as const)('over %s', (reachedBy) => {
      const target = () => {
        const root = server().target('mysql');
        return reachedBy === 'socket' ? root : { ...root, socket: undefined, host: '127.0.0.1', port: server().port };
      };
      const port = async () => {
        const command = shellCommand(await clientsOf(server()), target(), { reportsAtOnce: true });
        const exit = await systemExec.run({ ...command, input: 'SELECT @@port;\n' });
        return [exit.stderr, Number(exit.stdout)];
      };

      test.each(VARIABLES)('is not led elsewhere by %s', async (name, value) => {
        vi.stubEnv(name, value);
        expect(await port()).toEqual(['', server().port]);
      });

      test('nor are those that dump and read the log, by all of them', async () => {
        for (const [name, value] of VARIABLES) vi.stubEnv(name, value);
        const clients = await clientsOf(server());
        const log = await findLogProgram(clients);
        if (typeof log !== 'string') throw new Error(log.problem);
        const folder = mkdtempSync(join(tmpdir(), 'gm-client-log-'));
        const what = { withPosition: false, ignoredTables: [], tables: ['func'] };
        const exits = [
          await systemExec.run(dumpCommand(clients, target(), what)),
          await systemExec.run(copyLogCommand(log, clients, target(), 'binlog.000001', folder)),
        ];
        expect(exits.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual([
          [0, ''],
          [0, ''],
        ]);
      });
    });
  },
  { binlog: true },
);
