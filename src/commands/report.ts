import { resolve } from 'node:path';
import { type ExitCode, failedUnchanged, messageOf } from '../errors.ts';
import { pagePath, readStory, writePage } from '../report/write.ts';
import { listRuns, runFolder } from '../run/folder.ts';
import { readConfig } from './shared/begin.ts';
import type { Invocation } from './shared/invocation.ts';
import { DONE, withRun } from './shared/with-run.ts';

export interface ReportOptions {
  /** Default: the newest run. */
  readonly run?: string | undefined;
  /** Where the page is written. Default: the folder of the run. */
  readonly out?: string | undefined;
  /** Show it in the browser of this machine. */
  readonly open: boolean;
}

/** Writes the page of a run anew, of an unfinished one too, and says where it is. Production is not asked. */
export function reportCommand(options: ReportOptions, invocation: Invocation): Promise<ExitCode> {
  return withRun('report', invocation, async () => {
    const config = await readConfig(invocation);
    const run = chooseRun(listRuns(config.stateDir), options.run);
    const folder = runFolder(config.stateDir, run);
    const story = await readStory(folder);
    if (!story) throw failedUnchanged(`run ${run} has left no events in ${folder}`, 'gateway-migrate history');
    const path = options.out === undefined ? pagePath(folder) : resolve(invocation.cwd, options.out);
    await writePage(story, folder, path).catch((error: unknown) => {
      throw failedUnchanged(`cannot write ${path}: ${messageOf(error)}`, 'gateway-migrate report --out FILE');
    });
    invocation.print([path]);
    if (options.open) await show(path, invocation);
    return { ...DONE, report: path };
  });
}

function chooseRun(runs: readonly string[], asked: string | undefined): string {
  const newest = runs.at(-1);
  if (newest === undefined) throw failedUnchanged('there is no run on this machine yet', 'gateway-migrate deploy');
  if (asked === undefined) return newest;
  const found = runs.filter((run) => run.startsWith(asked));
  if (found.length === 1 && found[0]) return found[0];
  const what =
    found.length === 0 ? `there is no run ${asked} on this machine` : `${found.length} runs begin with ${asked}`;
  throw failedUnchanged(what, 'gateway-migrate history');
}

/** `xdg-open` or `open`: what desktops have. */
async function show(path: string, { exec, hub }: Invocation): Promise<void> {
  const file = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const exit = await exec.run({ file, args: [path] }, { timeoutMs: 10_000 });
  if (exit.exitCode === 0) return;
  hub.report({
    type: 'note',
    level: 'warning',
    text: `no browser could be opened here (${file}): copy the file to one`,
  });
}
