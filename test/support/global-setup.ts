import type { TestProject } from 'vitest/node';
import type { ServerBinaries } from '../../src/private-server/binaries.ts';
import { buildProduct } from './built.ts';
import { installMariaDb, installMySql, installNewerMariaDb } from './install-servers.ts';
import type { FoundServer, MissingServer } from './installed.ts';
import { removeStaleFolders } from './stale.ts';
import { ensureTemplate } from './template.ts';

/**
 * Once per test run: finds or installs the servers, makes the data folders that tests copy, builds the product, and
 * says at the end what is missing.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  removeStaleFolders();
  const [mysql, mariadb, newerMariaDb, built] = await Promise.all([
    prepare(installMySql()),
    prepare(installMariaDb()),
    prepare(installNewerMariaDb()),
    buildProduct(),
  ]);
  project.provide('servers', { mysql, mariadb, newerMariaDb });
  project.provide('program', built.program);
  return async () => {
    await built.remove();
    for (const server of [mysql, mariadb, newerMariaDb])
      if ('missing' in server) console.log(`Skipped: ${server.missing}`);
  };
}

async function prepare(installing: Promise<ServerBinaries | MissingServer>): Promise<FoundServer | MissingServer> {
  const binaries = await installing;
  return 'missing' in binaries ? binaries : { binaries, template: await ensureTemplate(binaries) };
}
