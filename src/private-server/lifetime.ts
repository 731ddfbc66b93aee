import { existsSync } from 'node:fs';
import type { Command } from '../system/exec.ts';

const cleanups = new Set<() => void>();

/** Runs `cleanup` (synchronous) when this process exits for whatever reason but a signal without a handler. Returns how to call it off. */
export function atExit(cleanup: () => void): () => void {
  if (cleanups.size === 0) process.on('exit', runCleanups);
  cleanups.add(cleanup);
  return () => {
    cleanups.delete(cleanup);
    if (cleanups.size === 0) process.off('exit', runCleanups);
  };
}

/** The newest first: what stands in a folder goes before the folder. */
function runCleanups(): void {
  for (const cleanup of [...cleanups].reverse()) cleanup();
}

const SETPRIV = '/usr/bin/setpriv';

/**
 * The same program, which the kernel kills when this process ends without a chance to clean up (prctl(2),
 * PR_SET_PDEATHSIG). Where Linux's setpriv is missing it is the program as it was.
 */
export function endWithUs(command: Command): Command {
  if (!existsSync(SETPRIV)) return command;
  return { ...command, file: SETPRIV, args: ['--pdeathsig', 'KILL', '--', command.file, ...command.args] };
}
