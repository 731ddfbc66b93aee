import { dumpCommand } from '../../mysql/client-commands.ts';
import { JOURNAL_TABLE, SCRATCH_TABLE } from '../../schema/types.ts';
import { runDump } from '../dump/dump-program.ts';
import { ExactFloats } from '../dump/floats/exact-floats.ts';
import type { FloatTable } from '../dump/floats/float-tables.ts';
import { type DumpedSection, NOWHERE, streamDump } from '../dump/stream.ts';
import { holdsSavedRows } from '../file/folder.ts';
import type { Manifest, TableEntry } from '../file/manifest.ts';
import { renameDatabase } from '../load/database-name.ts';
import type { LoadContext } from '../load/loading-client.ts';
import type { BackupToProve, ProofPlace } from './place.ts';

/** What one dump program is asked for: these tables, or all but those of the other programs. */
interface Share {
  readonly tables?: readonly string[] | undefined;
  /** Objects that are no tables as well: what follows a table in a dump counts as its end. */
  readonly withObjects?: boolean;
  readonly ignoredTables: readonly string[];
}

/** What a load has made. */
export interface Loaded {
  readonly tables: readonly string[];
  /** Its rows may be dumped as they are stored. */
  readonly asStored: boolean;
  readonly floatTables: readonly FloatTable[];
}

/**
 * Dumps what was loaded from a backup, for its digests alone. Nothing writes there, so two programs need no common
 * snapshot: one takes the largest tables, the other all the rest. On production's own server there is only one.
 */
export async function dumpAgain(
  { file, manifest }: BackupToProve,
  loaded: Loaded,
  place: ProofPlace,
  context: LoadContext,
): Promise<DumpedSection[]> {
  const shares = sharesOf(file, manifest, loaded.tables, place);
  const { asStored, floatTables } = loaded;
  const dumps = shares.map((share) => dumpShare({ ...share, asStored, floatTables }, manifest, place, context));
  // Both have ended before anything is thrown: nobody may still read what is about to be thrown away.
  const ended = await Promise.allSettled(dumps);
  return ended.flatMap((dump) => {
    if (dump.status === 'rejected') throw dump.reason;
    return dump.value;
  });
}

function sharesOf(file: string, { tables }: Manifest, present: readonly string[], { isShared }: ProofPlace): Share[] {
  const own = isShared ? SCRATCH_TABLE : JOURNAL_TABLE;
  if (holdsSavedRows(file)) return [{ tables: tables.map(({ name }) => name), ignoredTables: [own] }];
  const loaded = new Set(present);
  const both = tables.filter(({ name }) => loaded.has(name));
  if (isShared || both.length < 2) return [{ ignoredTables: [own] }];
  const largest = largestHalf(both);
  return [{ ignoredTables: [own, ...largest] }, { tables: largest, withObjects: true, ignoredTables: [own] }];
}

/** PURE: the largest table, and the next ones as long as all together have at most half of the bytes. */
export function largestHalf(tables: readonly Pick<TableEntry, 'name' | 'rawBytes'>[]): string[] {
  const falling = tables.toSorted((a, b) => b.rawBytes - a.rawBytes);
  const half = tables.reduce((sum, { rawBytes }) => sum + rawBytes, 0) / 2;
  const chosen: string[] = [];
  let bytes = 0;
  for (const { name, rawBytes } of falling) {
    bytes += rawBytes;
    if (chosen.length > 0 && bytes > half) break;
    chosen.push(name);
  }
  return chosen;
}

async function dumpShare(
  share: Share & Pick<Loaded, 'asStored' | 'floatTables'>,
  manifest: Manifest,
  { server, clients }: ProofPlace,
  context: LoadContext,
): Promise<DumpedSection[]> {
  const { database } = server.target;
  const command = dumpCommand(clients, server.target, {
    withPosition: false,
    withHistory: manifest.withHistory,
    ...share,
  });
  const additions = await ExactFloats.begin(server, share.floatTables);
  const { sections } = await runDump(command, context, (dump) =>
    streamDump(renameDatabase(dump, database, manifest.database), NOWHERE, { additions }),
  ).finally(() => additions?.close());
  // The rest is the other share's, which has the views that follow it.
  return share.withObjects ? sections.filter(({ section }) => section.kind === 'table') : [...sections];
}
