import { messageOf } from '../../errors.ts';
import type { Server } from '../../mysql/connect.ts';
import { isoWithOffset } from '../../system/clock.ts';
import { findFloatTables } from '../dump/floats/float-tables.ts';
import { readObjectNames, readTables } from '../dump/source.ts';
import { areRowsUtf8 } from '../dump/stored-rows.ts';
import { type Manifest, readManifest, writeManifest } from '../file/manifest.ts';
import { isEvents, readEventsText } from '../file/sections.ts';
import { NOT_THIS_ACCOUNT } from '../load/admission.ts';
import { loadBackup } from '../load/load.ts';
import type { LoadContext } from '../load/loading-client.ts';
import {
  describePastEvent,
  digestAfter,
  digestOf,
  findPastEvents,
  type PastEvent,
  withoutPast,
} from '../load/past-events.ts';
import { dumpAgain, type Loaded } from './dump-again.ts';
import { compareDumps, restatedTables } from './dump-comparison.ts';
import { withoutFolders } from './own-folders.ts';
import type { BackupToProve, ProofOutcome, ProofPlace, WithProofPlace } from './place.ts';

/** Of what differs so many sentences go into the manifest. */
const MOST_NOTED = 20;

/**
 * What the place lacks, by the server's own numbers: rights (1044, 1045, 1142, 1143, 1227, 1370, 1419; and 3750, 6125: the
 * account may not turn off what refuses tables as they are), room (1021, 1114, and the system's error 28), or the server
 * itself, which somebody ends (1053, 1180, 1317, 2006, 2013). Where a setting stands behind another number, the message says so.
 */
const LACK =
  /ERROR (?:1044|1045|1142|1143|1227|1370|1419|3750|6125|1021|1114|1053|1180|1317|2006|2013) |errno: 28\b|No space left on device/;

/**
 * What production's server has, and a private one need not: other databases and what is in them (1049, 1146, 1305), engines,
 * plugins and functions that were installed (1128, 1286, 1524), character sets (1115, 1273), keys to encrypt with (3185, and
 * MariaDB's error 140 of an engine), tablespaces (3510).
 */
const LACK_OF_PRIVATE = /ERROR (?:1049|1146|1305|1128|1286|1524|1115|1273|3185|3510) |errno: 140\b/;

/**
 * Loads a backup and dumps it again: dump(load(dump)) must be the same, section by section. Resolves with everything
 * that differs, a sentence each. The proof goes into the manifest, or what differs. Memory stays flat.
 */
export async function proveBackup(
  file: string,
  stepId: string,
  withPlace: WithProofPlace,
  context: LoadContext,
): Promise<ProofOutcome> {
  const backup = { file, manifest: await readManifest(file) };
  const startedMs = context.clock.ticksMs();
  const outcome = await withPlace(backup, context, (place) => tryProof(backup, place, stepId, context));
  if (!('differences' in outcome)) return outcome;
  const { disproof: _, ...manifest } = backup.manifest;
  const at = isoWithOffset(context.clock.now());
  if (outcome.differences.length > 0) {
    const disproof = { at, method: outcome.method, differences: outcome.differences.slice(0, MOST_NOTED) };
    // What differs is told in any case.
    await writeManifest(file, { ...manifest, proof: null, disproof }).catch(() => undefined);
    return outcome;
  }
  const ms = Math.round(context.clock.ticksMs() - startedMs);
  await writeManifest(file, { ...manifest, proof: { at, method: outcome.method, ms } });
  return outcome;
}

async function tryProof(
  { file, manifest }: BackupToProve,
  place: ProofPlace,
  stepId: string,
  context: LoadContext,
): Promise<ProofOutcome> {
  const { server, clients, isUnlogged, isShared, title: method } = place;
  try {
    await loadBackup(file, server.target, clients, stepId, context, {
      isUnlogged,
      ...(isShared ? { fence: context.fence } : {}),
      part: isShared ? 'but-events' : 'all',
      ignoresFolders: true,
    });
  } catch (error) {
    context.signal.throwIfAborted();
    const message = messageOf(error);
    const isLack =
      LACK.test(message) || message.includes(NOT_THIS_ACCOUNT) || (!isShared && LACK_OF_PRIVATE.test(message));
    return isLack ? { unable: message } : { differences: [`it cannot be loaded: ${message}`], method };
  }
  const loaded = await readLoaded(server);
  const again = await dumpAgain({ file, manifest }, loaded, place, context);
  const past = isShared ? [] : await readPastEvents({ file, manifest }, server);
  for (const one of past) context.report({ type: 'note', level: 'info', text: describePastEvent(one) });
  const tables = await withoutFolders(file, manifest);
  const expected = { ...(await afterTheirTime({ file, manifest }, past)), tables };
  for (const name of restatedTables(expected, again)) {
    const text = `${name}: decimal numbers in its JSON values come back as doubles, equal in value (10.50 as 10.5)`;
    context.report({ type: 'note', level: 'info', text });
  }
  return { differences: compareDumps(expected, again, loaded.objects, isShared), method };
}

async function readPastEvents({ file, manifest }: BackupToProve, server: Server): Promise<PastEvent[]> {
  if (manifest.objects.event.length === 0) return [];
  const session = await server.open();
  try {
    return await findPastEvents(await readEventsText(file, manifest), server.target.database, session);
  } finally {
    await session.close();
  }
}

/** The manifest as a load can be now that the time of these events has come. */
async function afterTheirTime({ file, manifest }: BackupToProve, past: readonly PastEvent[]): Promise<Manifest> {
  if (past.length === 0) return manifest;
  const section = await readEventsText(file, manifest);
  const sections = manifest.sections?.map((one) =>
    isEvents(one) && one.digest === digestOf(section) ? { ...one, digest: digestAfter(section, past) } : one,
  );
  return { ...manifest, ...(sections ? { sections } : {}), objects: withoutPast(manifest.objects, past) };
}

/** What is there after the load. */
async function readLoaded(server: Server): Promise<Loaded & { readonly objects: Manifest['objects'] }> {
  const session = await server.open();
  try {
    const tables = await readTables(server, session);
    return {
      tables: tables.map(({ name }) => name),
      asStored: await areRowsUtf8(server, session),
      floatTables: await findFloatTables(server, session),
      objects: await readObjectNames(session, server.target.database),
    };
  } finally {
    await session.close();
  }
}
