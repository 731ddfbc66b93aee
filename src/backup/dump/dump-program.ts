import { type Command, describeExit, type Exec } from '../../system/exec.ts';
import { withLargeWrites } from '../../system/large-writes.ts';
import type { Dumped } from './stream.ts';

/**
 * Runs a dump program and hands what it writes to `take`. It has ended when this resolves or throws: an error when it
 * failed, when what it wrote is no whole dump, or the signal's reason.
 */
export async function runDump(
  command: Command,
  { exec, signal }: { readonly exec: Exec; readonly signal: AbortSignal },
  take: (dump: AsyncIterable<Buffer>) => Promise<Dumped>,
): Promise<Dumped> {
  const program = await exec.read(await withLargeWrites(command, exec), { signal });
  try {
    const dumped = await take(program.chunks);
    const exit = await program.exit;
    signal.throwIfAborted();
    if (exit.exitCode !== 0) throw new Error(describeExit(command, exit));
    if (!dumped.isComplete) throw new Error('the dump ended without its last line, "-- Dump completed"');
    return dumped;
  } finally {
    program.kill();
    await program.exit;
  }
}
