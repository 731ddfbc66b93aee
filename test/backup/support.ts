import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type DumpRequest, dumpDatabase } from '../../src/backup/dump/dump.ts';
import type { Manifest } from '../../src/backup/file/manifest.ts';
import { Failure } from '../../src/errors.ts';
import { shellCommand } from '../../src/mysql/client-commands.ts';
import { type Clients, requireClients } from '../../src/mysql/clients.ts';
import { connect, type Target } from '../../src/mysql/connect.ts';
import { describeExit, systemExec } from '../../src/system/exec.ts';
import { type RecordedContext, recordedContext } from '../support/recorded-context.ts';
import type { TestServer } from '../support/servers.ts';

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'gm-backup-'));
}

export async function contextFor(target: Target, changes = {}): Promise<RecordedContext> {
  return recordedContext(await connect(target), changes);
}

export async function clientsOf(server: TestServer): Promise<Clients> {
  const { flavor } = await connect(server.target('mysql'));
  return requireClients(flavor, systemExec, { PATH: server.binDir });
}

export interface Taken {
  readonly file: string;
  readonly manifest: Manifest;
  readonly context: RecordedContext;
}

/** Backs a database up into a folder of its own. */
export async function takeBackup(
  server: TestServer,
  target: Target,
  changes: Partial<DumpRequest> = {},
): Promise<Taken> {
  const context = await contextFor(target);
  const file = join(temporaryFolder(), `${target.database}.sql.gz`);
  const request = {
    file,
    compression: 'gzip' as const,
    clients: await clientsOf(server),
    stepId: 'backup',
    ...changes,
  };
  return { file: request.file, context, manifest: await dumpDatabase(request, context) };
}

/**
 * The SQL of a backup without what differs between two dumps of the same: database name, date, position; and the
 * character set that MySQL adds to a column once its collation was given explicitly, as a dump does.
 */
export function comparableSql(file: string, database: string): string {
  return gunzipSync(readFileSync(file))
    .toString('latin1')
    .replaceAll(database, 'DATABASE')
    .replaceAll(' CHARACTER SET utf8mb4 COLLATE', ' COLLATE')
    .split('\n')
    .filter((line) => !/^-- (?:Dump completed|CHANGE |SET GLOBAL gtid_slave_pos)/.test(line))
    .join('\n');
}

/** The `Failure` that a promise rejects with; anything else fails the test. */
export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(outcome instanceof Failure)) throw new Error(`expected a Failure, got ${outcome}`);
  return outcome;
}

/** Runs a script through the server's own client: in a packet of several statements MySQL keeps `;` as part of a trigger. */
export async function runScript(server: TestServer, database: string, sql: string): Promise<void> {
  const shell = shellCommand(await clientsOf(server), server.target(database));
  const command = { ...shell, args: [...shell.args, '--comments'], input: sql };
  const exit = await systemExec.run(command);
  if (exit.exitCode !== 0) throw new Error(describeExit(command, exit));
}
