import { statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { verifyBackup } from '../../src/backup/verify.ts';
import { describeOnServers } from '../support/servers.ts';
import { runScript, takeBackup } from './support.ts';
import { ZOO, ZOO_ROWS } from './zoo.ts';

describeOnServers('a dump', (server) => {
  it('holds every object, every row, and a manifest that says so', async () => {
    const database = await server().createDatabase('zoo-with-dash');
    await runScript(server(), database, ZOO);
    const { file, manifest } = await takeBackup(server(), server().target(database));
    expect(Object.fromEntries(manifest.tables.map(({ name, rows }) => [name, rows]))).toEqual(ZOO_ROWS);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await verifyBackup(file)).toEqual({ manifest, problems: [] });
  });
});
