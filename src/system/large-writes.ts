import type { Command, Exec } from './exec.ts';

/** What GNU's stdbuf is told in front of a command. */
const WRITES_OF_64_KB = ['--output=64K'];

/**
 * The same program, writing 64 kB at a time. C's standard library writes 4 kB at a time into a pipe, and each of them wakes
 * the reader. Where there is no stdbuf, or it does not work, the command as it is. It becomes the program itself: what ends
 * it, and how it ended, stays the same.
 */
export async function withLargeWrites(command: Command, exec: Exec): Promise<Command> {
  const tried = await exec.run({ file: 'stdbuf', args: [...WRITES_OF_64_KB, 'true'] });
  if (tried.exitCode !== 0 || tried.stderr !== '') return command;
  return { ...command, file: 'stdbuf', args: [...WRITES_OF_64_KB, command.file, ...command.args] };
}
