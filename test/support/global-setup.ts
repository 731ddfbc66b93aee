import type { TestProject } from 'vitest/node';
import type { ServerBinaries } from '../../src/sandbox/binaries.ts';
import { installMariaDb, installMySql } from './install-servers.ts';
import type { FoundServer, MissingServer } from './installed.ts';
import { ensureTemplate } from './template.ts';

/** Once per test run: finds or installs the servers, makes the data folders that tests copy, and says at the end what is missing. */
export default async function setup(project: TestProject): Promise<() => void> {
  const [mysql, mariadb] = await Promise.all([prepare(installMySql()), prepare(installMariaDb())]);
  project.provide('servers', { mysql, mariadb });
  return () => {
    for (const server of [mysql, mariadb]) if ('missing' in server) console.log(`Skipped: ${server.missing}`);
  };
}

async function prepare(installing: Promise<ServerBinaries | MissingServer>): Promise<FoundServer | MissingServer> {
  const binaries = await installing;
  return 'missing' in binaries ? binaries : { binaries, template: await ensureTemplate(binaries) };
}
