import { readFile } from 'node:fs/promises';
import type { Context } from '../../context.ts';
import type { Exchange } from '../../exchange/swap.ts';
import { arrivingObjectsPath } from '../../exchange/swap-note.ts';
import { shellCommand } from '../../mysql/client-commands.ts';
import { type Environment, requireClients } from '../../mysql/clients.ts';
import { describeExit } from '../../system/exec.ts';

/** Makes in production what the load has noted: what a RENAME cannot carry, in the backup's own words. */
export async function makeArrivingObjects({ folder }: Exchange, env: Environment, context: Context): Promise<void> {
  const { server, exec, signal, fence } = context;
  const clients = await requireClients(server.flavor, exec, env);
  const command = shellCommand(clients, server.target);
  const shell = await exec.pipe(command, { signal });
  shell.stdout.resume();
  const begin = Buffer.from((fence?.() ?? []).map((sql) => `${sql};\n`).join(''));
  // Bytes, not text: a program keeps the charset of the client that made it. Why writing failed, the exit tells.
  shell.stdin.on('error', () => undefined).end(Buffer.concat([begin, await readFile(arrivingObjectsPath(folder))]));
  const exit = await shell.exit;
  signal.throwIfAborted();
  if (exit.exitCode !== 0) throw new Error(describeExit(command, exit));
}
