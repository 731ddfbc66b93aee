import { listBackups, removeBackup } from '../../backup/file/folder.ts';
import { chooseExpired, chooseExpiredBeside } from '../../backup/retention.ts';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { ExitCode, messageOf } from '../../errors.ts';
import { findEmptied } from '../../exchange/emptied.ts';
import { dropBeside, listBeside } from '../../exchange/side-database.ts';
import type { Server } from '../../mysql/connect.ts';
import { reach } from '../../preflight/reach.ts';
import type { Invocation } from '../shared/invocation.ts';
import { DONE, withRun } from '../shared/with-run.ts';

/** Something that the policy lets go of. */
interface Expired {
  readonly name: string;
  remove(): Promise<void>;
}

/**
 * `backup prune`: removes what `backup.keep` lets go of, after asking: backups, but never the newest or the newest proven
 * one, and the databases in which restores kept what was there before.
 */
export function backupPruneCommand(invocation: Invocation): Promise<ExitCode> {
  const { flags, cwd, env, clock, prompt, print, printJson } = invocation;
  return withRun('backup prune', invocation, async () => {
    const config = await loadConfig({ file: flags.config, cwd, env });
    const { dir, keep } = config.backup;
    const files = chooseExpired(await listBackups(dir), keep, clock.now());
    const expired: readonly Expired[] = [
      ...files.map(({ path }) => ({ name: path, remove: () => removeBackup(path) })),
      ...(await expiredDatabases(config, invocation)),
    ];
    const names = expired.map(({ name }) => name);
    if (names.length === 0) {
      print([`nothing to remove in ${dir}`]);
      printJson({ type: 'pruned', dir, removed: [] });
      return DONE;
    }
    print(names);
    if (!(await prompt.confirm(`Remove ${names.length === 1 ? 'this' : `these ${names.length}`}?`))) {
      return { exitCode: ExitCode.declined, production: 'unchanged' };
    }
    for (const one of expired) await one.remove();
    print([`${names.length} removed`]);
    printJson({ type: 'pruned', dir, removed: names });
    return DONE;
  });
}

/** Without the server the files can be pruned all the same. */
async function expiredDatabases(config: Config, { clock, hub }: Invocation): Promise<Expired[]> {
  const reached = await reach(config).catch((error: unknown) => {
    const text = `databases that restores kept were not looked for: ${messageOf(error)}`;
    hub.report({ type: 'note', level: 'warning', text });
  });
  if (!reached) return [];
  const { server, session } = reached;
  try {
    const kept = await listBeside(session, server.target.database);
    // Not what a restore that was cut off has yet to finish with.
    const needed = await findEmptied(session, server.target.database);
    const others = kept.filter(({ name }) => name !== needed?.aside);
    return chooseExpiredBeside(others, config.backup.keep, clock.now()).map(({ name }) => ({
      name: `database ${name}`,
      remove: () => dropDatabase(server, name),
    }));
  } finally {
    await session.close();
  }
}

async function dropDatabase(server: Server, name: string): Promise<void> {
  const session = await server.open();
  try {
    await dropBeside(session, name);
  } finally {
    await session.close();
  }
}
