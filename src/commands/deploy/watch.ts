import { existsSync } from 'node:fs';
import { ExitCode } from '../../errors.ts';
import { runFolder } from '../../run/folder.ts';
import { runId } from '../../run/hub.ts';
import { monitorCommand } from '../monitor.ts';
import { readConfig } from '../shared/begin.ts';
import type { Invocation } from '../shared/invocation.ts';

/** The watch of what `deploy` has just done; nothing where there was nothing to do. It is a run of its own. */
export async function watchDeployed(forMs: number | undefined, invocation: Invocation): Promise<ExitCode> {
  const { hub, clock } = invocation;
  const { run } = hub;
  const { stateDir } = await readConfig(invocation);
  if (!existsSync(runFolder(stateDir, run))) return ExitCode.done;
  hub.adoptRun(runId(clock.now()));
  return monitorCommand({ run, forMs }, invocation);
}
