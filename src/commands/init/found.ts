import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import { parseFileName } from '../../migrations/file-name.ts';
import { remedyFor } from '../../preflight/foreign/checks.ts';
import { reach } from '../../preflight/reach.ts';
import { readStanding } from '../../preflight/standing.ts';
import { offerTakeOver } from '../baseline/offer.ts';
import type { Invocation } from '../shared/invocation.ts';

/** Where tools keep their files by themselves; ours first. */
const FOLDERS = ['migrations', 'db/migrations', 'database/migrations', 'prisma/migrations', 'sql'];

/** The folder below `root` that holds migrations as SQL; ours where there is none. */
export function migrationsFolder(root: string): string {
  return FOLDERS.find((folder) => holdsMigrations(join(root, folder))) ?? 'migrations';
}

function holdsMigrations(folder: string): boolean {
  try {
    return readdirSync(folder).some(
      (name) =>
        parseFileName(name) !== undefined || (/^\d/.test(name) && existsSync(join(folder, name, 'migration.sql'))),
    );
  } catch {
    return false;
  }
}

/** Asks whether the history of another tool is taken over, where one is found with the configuration that was just written. */
export async function offerFound(file: string, invocation: Invocation): Promise<void> {
  const { cwd, env, prompt, flags } = invocation;
  if (!prompt.isInteractive || flags.yes) return;
  const found = await read(file, cwd, env);
  const [claimed] = found?.standing.claims ?? [];
  if (!found || !claimed || (await offerTakeOver(found.standing, found.config, invocation))) return;
  invocation.print([`Later: ${remedyFor(claimed)}`]);
}

/** Undefined when the database cannot be reached yet: doctor, which is typed next, says why. */
async function read(file: string, cwd: string, env: Invocation['env']) {
  try {
    const config = await loadConfig({ file, cwd, env });
    const { server, session } = await reach(config);
    const standing = await readStanding(server, session, config).finally(() => session.close());
    return { config, standing };
  } catch {
    return undefined;
  }
}
