import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Context } from '../context.ts';
import { messageOf } from '../errors.ts';
import { shellCommand } from '../mysql/client-commands.ts';
import type { Clients } from '../mysql/clients.ts';
import type { Target } from '../mysql/connect.ts';
import { describeExit } from '../system/exec.ts';
import { compressionOf, createDecompressor } from './compression.ts';
import { createProgress } from './progress.ts';

const READ_BYTES = 256 * 1024;

/**
 * Feeds a backup to the client of the server, as `gunzip < file | mysql db` would. Throws an error with the server's
 * message and the line of the dump; what was loaded up to there stays.
 */
export async function loadBackup(
  file: string,
  target: Target,
  clients: Clients,
  stepId: string,
  context: Context,
): Promise<void> {
  const command = shellCommand(clients, target);
  const { size } = await stat(file);
  const progress = createProgress(context, { id: stepId, unit: 'bytes', total: size });
  const shell = await context.exec.pipe(command, { signal: context.signal });
  // Nobody reads what the client prints; unread it would stop the client once the pipe is full.
  shell.stdout.resume();
  let done = 0;
  const input = createReadStream(file, { highWaterMark: READ_BYTES });
  input.on('data', (chunk) => {
    done += chunk.length;
    progress.advanceTo(done);
  });
  const fed = await pipeline(input, createDecompressor(compressionOf(file)), shell.stdin).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  // Cut off in the middle, a client that lives on would run the half of a statement that it has.
  if (fed) shell.kill();
  const exit = await shell.exit;
  context.signal.throwIfAborted();
  if (exit.exitCode !== undefined && exit.exitCode !== 0) throw new Error(describeExit(command, exit));
  if (fed) throw new Error(`${file} could not be read to its end: ${messageOf(fed.error)}`);
  if (exit.exitCode !== 0) throw new Error(describeExit(command, exit));
  progress.finish();
}
