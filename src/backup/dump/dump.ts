import type { FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Context } from '../../context.ts';
import { type Failure, failedUnchanged, messageOf } from '../../errors.ts';
import { dumpCommand } from '../../mysql/client-commands.ts';
import type { Clients } from '../../mysql/clients.ts';
import type { Session } from '../../mysql/connect.ts';
import { JOURNAL_TABLE } from '../../schema/types.ts';
import { isoWithOffset } from '../../system/clock.ts';
import { makeFolder, renameDurably } from '../../system/files.ts';
import { TOOL_VERSION } from '../../version.ts';
import { type Compression, createCompressor } from '../file/compression.ts';
import { type Loss, type Manifest, type SectionEntry, type TableEntry, writeManifest } from '../file/manifest.ts';
import { MemberWriter } from '../file/members.ts';
import { type Claim, claimName, NameTaken } from '../file/name-reservation.ts';
import { createProgress } from '../progress.ts';
import { RowCheck, requireNames } from './completeness.ts';
import { runDump } from './dump-program.ts';
import { AlikeKeys, requireKeysTold } from './floats/alike-keys.ts';
import { ExactFloats } from './floats/exact-floats.ts';
import { findFloatTables } from './floats/float-tables.ts';
import { describeLoss, findLosses } from './losses.ts';
import { waitForQuietMoment } from './quiet-moment.ts';
import { readBinlogFormat, readPosition, readSource, type Source } from './source.ts';
import { madeOf } from './standing.ts';
import { areRowsUtf8 } from './stored-rows.ts';
import { type Dumped, type DumpedSection, streamDump } from './stream.ts';
import { readVersioned } from './system-versioning.ts';
import { Disturbed, twiceIfDisturbed, whileUndisturbed } from './undisturbed.ts';

export interface DumpRequest {
  /** Absolute path that the backup is to have when it is complete; no other backup may have it. */
  readonly file: string;
  readonly compression: Compression;
  readonly clients: Clients;
  /** Id of the step that the progress belongs to. */
  readonly stepId: string;
  /** Only these tables with their rows: what a rollback saves. Default: the whole database. */
  readonly tables?: readonly string[] | undefined;
  /** What it stands for in the place of the server that is dumped. */
  readonly standsFor?: Pick<Manifest, 'server' | 'position'> | undefined;
}

/**
 * Backs up a database in one pass: dump program → scanner → compressed members → file. The file has another name until
 * it is complete and on disk; any failure of any stage removes it. A dump that DDL ran into is made once more. Throws a
 * `Failure` (production is only read), or the signal's reason when it was aborted.
 */
export async function dumpDatabase(request: DumpRequest, context: Context): Promise<Manifest> {
  try {
    return await twiceIfDisturbed(context, () => dumpOnce(request, context));
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    throw failedDump(request, context, error);
  }
}

function failedDump({ file }: DumpRequest, { server }: Context, error: unknown): Failure {
  const next =
    error instanceof AlikeKeys
      ? `${error.remedy}; then the same command again`
      : error instanceof NameTaken
        ? `the same command again; if it goes on with a run: mv ${file} to another name first`
        : error instanceof Disturbed
          ? 'the same command again, when nobody runs DDL (gh-ost, pt-online-schema-change, another tool)'
          : 'gateway-migrate doctor';
  return failedUnchanged(`the backup of ${server.target.database} failed: ${messageOf(error)}`, next, error);
}

async function dumpOnce(request: DumpRequest, context: Context): Promise<Manifest> {
  let claim: Claim | undefined;
  try {
    await makeFolder(dirname(request.file));
    claim = await claimName(request.file);
    return await dumpThroughPartial(claim, request, context);
  } catch (error) {
    // What went wrong first is what the user is told, even when tidying up fails too.
    await claim?.release().catch(() => undefined);
    throw error;
  }
}

async function dumpThroughPartial({ partial, path }: Claim, request: DumpRequest, context: Context): Promise<Manifest> {
  const session = await context.server.open();
  try {
    const manifest = await whileUndisturbed(session, context, request.tables, async (before) => {
      const made = request.tables ? undefined : madeOf(before);
      return { ...(await dumpInto(partial, request, session, context)), ...(made ? { made } : {}) };
    });
    // The manifest first: a backup that has its name has its manifest too.
    await writeManifest(request.file, manifest);
    renameDurably(path, request.file);
    return manifest;
  } finally {
    await session.close();
  }
}

async function dumpInto(file: FileHandle, request: DumpRequest, session: Session, context: Context): Promise<Manifest> {
  const startedAt = isoWithOffset(context.clock.now());
  const source = onlyTables(await readSource(context.server, session), request.tables);
  const versioned = await readVersioned(context.server, session, request.clients.flavor);
  // What a rollback saves are rows to be put back, and nothing puts back a past one.
  const withHistory = versioned.names.length > 0 && versioned.noHistoryBecause === undefined && !request.tables;
  const asStored = await areRowsUtf8(context.server, session);
  const rowCheck = new RowCheck(session, context, source, withHistory ? versioned.names : []);
  const flushesTables = source.noPositionBecause === undefined && context.server.flavor.kind === 'mysql';
  if (flushesTables) await waitForQuietMoment(session, context);
  const floatTables = await findFloatTables(context.server, session);
  let losing: Promise<Loss[]> | undefined;
  // Not before: it reads whole tables, and FLUSH TABLES would wait for it, and others for that.
  const lookForLosses = () => {
    losing ??= requireKeysTold(context.server, session, source.tables).then(() =>
      findLosses(context, session, source.tables, floatTables),
    );
    // Thrown below, if the dump itself does not fail first.
    losing.catch(() => undefined);
    return losing;
  };
  const floats = await ExactFloats.begin(context.server, floatTables);
  const how = { withHistory, asStored, floats, onBegun: lookForLosses };
  const dumped = await dumpToFile(file, request, { ...source, ...how }, rowCheck, context).finally(() =>
    floats?.close(),
  );
  requireNames(dumped, source);
  await rowCheck.done();
  return {
    ...describeDump(request, context, source, dumped),
    ...tellLosses([...(await lookForLosses()), ...(floats?.untold ?? [])], context),
    ...(withHistory ? { withHistory } : {}),
    startedAt,
    finishedAt: isoWithOffset(context.clock.now()),
    ...(await describePosition(source, dumped, session, context)),
    ...(request.standsFor ? { ...request.standsFor, positionReason: null } : {}),
  };
}

/** Told at once: whoever reads the manifest may be in a hurry then. */
function tellLosses(losses: readonly Loss[], { report }: Context) {
  for (const loss of losses) report({ type: 'note', level: 'warning', text: describeLoss(loss) });
  return losses.length > 0 ? { losses } : {};
}

function onlyTables(source: Source, tables: readonly string[] | undefined): Source {
  if (tables === undefined) return source;
  const objects = { view: [], sequence: [], trigger: [], procedure: [], function: [], event: [] };
  return { ...source, tables: source.tables.filter((table) => tables.includes(table.name)), objects };
}

async function dumpToFile(
  file: FileHandle,
  request: DumpRequest,
  source: Source & {
    readonly withHistory: boolean;
    readonly asStored: boolean;
    readonly floats: ExactFloats | undefined;
    readonly onBegun: () => void;
  },
  rowCheck: RowCheck,
  context: Context,
): Promise<Dumped> {
  const withPosition = source.noPositionBecause === undefined;
  // A lease or a statement "in progress" must not come back from a backup. The history is part of the database's state.
  const { withHistory, asStored } = source;
  const what = { withPosition, withHistory, asStored, ignoredTables: [JOURNAL_TABLE], tables: request.tables };
  const command = dumpCommand(request.clients, context.server.target, what);
  const total = source.tables.reduce((sum, table) => sum + table.dataBytes, 0);
  const progress = createProgress(context, { id: request.stepId, unit: 'bytes', total });
  const compressor = createCompressor(request.compression);
  const writer = new MemberWriter(file, () => compressor.forTable());
  try {
    const dumped = await runDump(command, context, (dump) =>
      streamDump(dump, writer, {
        additions: source.floats,
        onBegun: source.onBegun,
        onRawBytes: progress.advanceTo,
        onSectionRead: (section) => rowCheck.add(section),
      }),
    );
    await file.sync();
    progress.finish();
    return dumped;
  } finally {
    compressor.close();
    await file.close();
  }
}

function describeDump(request: DumpRequest, context: Context, source: Source, dumped: Dumped) {
  const tables = dumped.sections.filter(({ section }) => section.kind === 'table');
  return {
    format: 1,
    toolVersion: TOOL_VERSION,
    file: basename(request.file),
    compression: request.compression,
    database: context.server.target.database,
    charset: source.charset,
    collation: source.collation,
    server: source.identity,
    client: request.clients.flavor.label,
    sha256: dumped.sha256,
    bytes: dumped.bytes,
    rawBytes: dumped.rawBytes,
    preamble: { offset: 0, length: dumped.sections[0]?.offset ?? dumped.bytes },
    tables: tables.map(toTableEntry),
    sections: dumped.sections.filter(({ section }) => section.kind !== 'table').map(toSectionEntry),
    objects: source.objects,
    proof: null,
  } as const;
}

function toTableEntry({ section, rows, rawBytes, digest, offset, end }: DumpedSection): TableEntry {
  const numbersDigest = digest.numbersHex();
  return {
    name: section.name,
    rows,
    digest: digest.hex(),
    ...(numbersDigest === undefined ? {} : { numbersDigest }),
    rawBytes,
    range: { offset, length: end - offset },
  };
}

function toSectionEntry({ section, digest }: DumpedSection): SectionEntry {
  return { kind: section.kind, name: section.name, digest: digest.hex() };
}

async function describePosition(source: Source, dumped: Dumped, session: Session, context: Context) {
  if (source.noPositionBecause !== undefined) return { position: null, positionReason: source.noPositionBecause };
  const position = await readPosition(context.server, session, dumped.preamble);
  return position
    ? { position, positionReason: null, ...(await readBinlogFormat(session)) }
    : { position: null, positionReason: 'the dump program did not write one' };
}
