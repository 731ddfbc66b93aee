import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RoutineGrant } from '../schema/stored/routine-grants.ts';
import { makeFolder, writeFileAtomically } from '../system/files.ts';
import type { OrphanKey } from './orphan-keys.ts';
import { type StoredObject, scriptOf } from './stored-objects.ts';
import type { UpdateTimes } from './written-since.ts';

/** What production was before a restore touched it; in the run's folder before anything is dropped or moved. */
export interface SwapNote {
  /** The database that keeps production's tables. */
  readonly aside: string;
  /** Production's tables and sequences, without the tool's journal. */
  readonly tables: readonly string[];
  /** What takes their place; undefined while nothing has: production is loaded in place. */
  readonly arriving: readonly string[] | undefined;
  /** Only these tables are exchanged; then `tables` are those of them that were there, and objects and keys are theirs. */
  readonly only?: readonly string[];
  readonly storedObjects: readonly StoredObject[];
  readonly orphanKeys: readonly OrphanKey[];
  /** Grants on single routines, which go with the routine; undefined: the account could not see them. */
  readonly routineGrants?: readonly RoutineGrant[] | undefined;
  /** Those of the tables that take production's place. */
  readonly arrivingKeys: readonly OrphanKey[];
  /** When their rows were last changed before they came. Undefined where that tells nothing: rows were repeated until they came. */
  readonly updateTimes?: UpdateTimes | undefined;
  /** Production's defaults. */
  readonly charset: string;
  readonly collation: string;
  /** Of production's whole schema. */
  readonly fingerprint: string;
}

function notePath(folder: string): string {
  return join(folder, 'swap.json');
}

/** Definitions of what the swap drops, for people. */
export function definitionsPath(folder: string): string {
  return join(folder, 'before.sql');
}

/** The statements of the backup that make its stored objects, in production, once its tables are there. */
export function arrivingObjectsPath(folder: string): string {
  return join(folder, 'stored-objects.sql');
}

export async function readSwapNote(folder: string): Promise<SwapNote | undefined> {
  const path = notePath(folder);
  return existsSync(path) ? (JSON.parse(await readFile(path, 'utf8')) as SwapNote) : undefined;
}

export async function writeSwapNote(folder: string, note: SwapNote): Promise<void> {
  await makeFolder(folder);
  await writeFileAtomically(definitionsPath(folder), scriptOf(note.storedObjects));
  await writeFileAtomically(notePath(folder), JSON.stringify(note));
}
