import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder, writeFileAtomically } from '../../system/files.ts';

const FORMAT = 1;

/** `<state>/translation/<database>.json`: the SQL of pending PHP migrations, and what it was made of. */
export interface KeptTranslation {
  readonly format: typeof FORMAT;
  /** Of production's schema: another one may lead to other statements. */
  readonly fingerprint: string;
  /** Production's server, e.g. `MySQL 9.7.4`. */
  readonly server: string;
  /** In their order. */
  readonly migrations: readonly TranslatedFile[];
}

export interface TranslatedFile {
  /** The base name. */
  readonly version: string;
  /** Of the PHP file. */
  readonly checksum: string;
  /** The whole as SQL, with sections. */
  readonly text: string;
}

export interface KeptPlace {
  readonly stateDir: string;
  readonly database: string;
}

/** Undefined when there is none, or none that can be read. */
export function readKept({ stateDir, database }: KeptPlace): KeptTranslation | undefined {
  try {
    const kept = JSON.parse(readFileSync(pathOf({ stateDir, database }), 'utf8')) as KeptTranslation;
    return kept.format === FORMAT && Array.isArray(kept.migrations) ? kept : undefined;
  } catch {
    return undefined;
  }
}

export async function writeKept(place: KeptPlace, kept: Omit<KeptTranslation, 'format'>): Promise<void> {
  await makeFolder(join(place.stateDir, 'translation'));
  await writeFileAtomically(pathOf(place), `${JSON.stringify({ format: FORMAT, ...kept }, null, 2)}\n`);
}

function pathOf({ stateDir, database }: KeptPlace): string {
  return join(stateDir, 'translation', `${encodeURIComponent(database)}.json`);
}
