import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerBinaries } from '../../src/private-server/binaries.ts';
import { makeDataFolder } from '../../src/private-server/data-folder.ts';
import { systemExec } from '../../src/system/exec.ts';
import { serversDir } from './installed.ts';

const FIRST_STATEMENTS = [
  "CREATE USER IF NOT EXISTS root@'127.0.0.1'",
  "GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION",
];

/** The data folder that every test server of this build is copied from; made once, by whoever comes first. */
export async function ensureTemplate(binaries: ServerBinaries): Promise<string> {
  const identity = JSON.stringify([binaries.server, binaries.version, FIRST_STATEMENTS]);
  const template = join(serversDir(), `template-${createHash('sha256').update(identity).digest('hex').slice(0, 12)}`);
  if (existsSync(template)) return template;
  mkdirSync(serversDir(), { recursive: true });
  const scratchDir = await mkdtemp(join(serversDir(), 'making-'));
  const dataDir = join(scratchDir, 'data');
  await makeDataFolder(systemExec, binaries, { dataDir, scratchDir }, FIRST_STATEMENTS);
  // Every copy makes its own: two servers with one server_uuid cannot replicate.
  await rm(join(dataDir, 'auto.cnf'), { force: true });
  try {
    renameSync(dataDir, template);
  } catch (error) {
    if (!existsSync(template)) throw error;
  }
  await rm(scratchDir, { recursive: true, force: true });
  return template;
}
