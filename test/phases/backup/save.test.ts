import { expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { savePhase } from '../../../src/phases/backup/save.ts';
import { recordedContext } from '../../support/recorded-context.ts';
import { describeOnServers } from '../../support/servers.ts';

const CONFIG = { backup: {}, migrations: { lockWaitSeconds: 1, lockRetries: 0 } } as unknown as Config;

describeOnServers('saving the rows that the way back drops', (server) => {
  test('opens the tables again when it fails before the dump', async () => {
    const database = await server().createDatabase('shop');
    await server().sql('SET GLOBAL log_bin_trust_function_creators = 1');
    await server().sql('CREATE TABLE t (id INT PRIMARY KEY)', database);
    const context = recordedContext(await connect(server().target(database)));
    const parts = { run: 'r1', config: CONFIG, migrations: [], rehearsed: [], env: { PATH: '/nowhere' } };
    await expect(
      savePhase(parts).run({ file: '/nowhere/saved', tables: ['t'], versions: [] }, context),
    ).rejects.toThrow(/dump/);
    await server().sql('INSERT INTO t VALUES (1)', database);
  });
});
