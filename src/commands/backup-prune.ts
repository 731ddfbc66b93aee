import { listBackups, removeBackup } from '../backup/folder.ts';
import { chooseExpired } from '../backup/retention.ts';
import { loadConfig } from '../config/load.ts';
import { ExitCode } from '../errors.ts';
import type { Invocation } from './invocation.ts';
import { DONE, withRun } from './with-run.ts';

/** `backup prune`: removes what `backup.keep` lets go of, after asking. Never the newest backup, nor the newest proven one. */
export function backupPruneCommand(invocation: Invocation): Promise<ExitCode> {
  const { flags, cwd, env, clock, prompt, print, printJson } = invocation;
  return withRun('backup prune', invocation, async () => {
    const { dir, keep } = (await loadConfig({ file: flags.config, cwd, env })).backup;
    const paths = chooseExpired(await listBackups(dir), keep, clock.now()).map(({ path }) => path);
    if (paths.length === 0) {
      print([`nothing to remove in ${dir}`]);
      printJson({ type: 'pruned', dir, removed: [] });
      return DONE;
    }
    print(paths);
    if (!(await prompt.confirm(`Remove these ${paths.length} backups?`))) {
      return { exitCode: ExitCode.declined, production: 'unchanged' };
    }
    for (const path of paths) await removeBackup(path);
    print([`${paths.length} removed`]);
    printJson({ type: 'pruned', dir, removed: paths });
    return DONE;
  });
}
