import { readManifest } from '../../../backup/file/manifest.ts';
import { type LogInventory, logsFrom, readInventory } from '../../../binlog/copy.ts';
import type { TransactionName } from '../../../binlog/named/names.ts';
import type { LogPosition, LogRange } from '../../../binlog/range.ts';
import { fetchLog } from '../../../binlog/source.ts';
import type { Config } from '../../../config/config.ts';
import { refusal } from '../../../errors.ts';
import { requireClients } from '../../../mysql/clients.ts';
import type { Server } from '../../../mysql/connect.ts';
import { logFolder } from '../../../phases/restore/replay.ts';
import { readLogRights } from '../../../preflight/binlog-rights.ts';
import { runFolder } from '../../../run/folder.ts';
import { isoWithOffset } from '../../../system/clock.ts';
import { contextOf } from '../../shared/carry-out.ts';
import type { Invocation } from '../../shared/invocation.ts';
import { chooseFile } from '../backup.ts';

const STEP_ID = 'binlog';
/** Behind the four bytes that every log begins with. */
const BEGINNING = 4;

/** Copies what the server has of its log from the first of the transactions on, up to now. No backup is needed for it. */
export async function copyNamedLog(
  names: readonly TransactionName[],
  server: Server,
  config: Config,
  invocation: Invocation,
): Promise<LogRange> {
  const session = await server.open();
  try {
    const { grantToRead, grantToRepeat } = await readLogRights(session, server.flavor);
    if (grantToRead !== undefined) throw refusal('the account may not read the binary log', grantToRead);
    if (grantToRepeat !== undefined) throw refusal('the account may not repeat rows (BINLOG)', grantToRepeat);
    const inventory = await readInventory(session, server.flavor);
    const from = await beginningOf(names, inventory, config, invocation);
    const logs = logsFrom(inventory, from);
    if (!logs) throw gone(from.file, inventory);
    const clients = await requireClients(server.flavor, invocation.exec, invocation.env);
    const folder = logFolder(runFolder(config.stateDir, invocation.hub.run));
    const finishedAt = isoWithOffset(invocation.clock.now());
    const request = { source: { from, logs }, folder, clients, stepId: STEP_ID, finishedAt };
    return await fetchLog(request, contextOf(server, invocation));
  } finally {
    await session.close();
  }
}

/** The first file that a place is in. Where a run begins, the backup nearest to it tells; without one all of the log is read. */
async function beginningOf(
  names: readonly TransactionName[],
  { logs }: LogInventory,
  config: Config,
  invocation: Invocation,
): Promise<LogPosition> {
  const files: string[] = [];
  for (const name of names) files.push(name.is === 'position' ? name.file : await fileOfRun(name, config, invocation));
  const known = logs.map((log) => log.name);
  const unknown = files.find((file) => file !== '' && !known.includes(file));
  if (unknown !== undefined) return { file: unknown, position: BEGINNING };
  const first = known.find((file) => files.includes('') || files.includes(file)) ?? known[0] ?? '';
  return { file: first, position: BEGINNING };
}

async function fileOfRun(
  name: Extract<TransactionName, { is: 'run' }>,
  config: Config,
  invocation: Invocation,
): Promise<string> {
  try {
    const file = await chooseFile('latest', name, config, invocation);
    return (await readManifest(file)).position?.file ?? '';
  } catch {
    return '';
  }
}

function gone(file: string, { logs }: LogInventory) {
  return refusal(
    `the server does not have ${file}: its binary log begins with ${logs[0]?.name}`,
    'gateway-migrate restore --until MOMENT (from a backup)',
  );
}
