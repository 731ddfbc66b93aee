import type { TestProject } from 'vitest/node';
import { type FoundServer, findInstalled, type MissingServer, type ServerKind } from './installed.ts';
import { ensureTemplate } from './template.ts';

/** Once per test run: finds the servers and makes the data folders that tests copy. */
export default async function setup(project: TestProject): Promise<void> {
  const [mysql, mariadb] = await Promise.all([prepareServer('mysql'), prepareServer('mariadb')]);
  project.provide('servers', { mysql, mariadb });
}

async function prepareServer(kind: ServerKind): Promise<FoundServer | MissingServer> {
  const binaries = await findInstalled(kind);
  if (binaries === undefined) return { missing: `no ${kind} server program was found` };
  return { binaries, template: await ensureTemplate(binaries) };
}
