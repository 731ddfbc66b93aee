import { existsSync } from 'node:fs';
import { type Manifest, readManifest } from '../../backup/file/manifest.ts';
import { readHead } from '../../backup/file/table-section.ts';
import type { Config } from '../../config/config.ts';
import { type Failure, messageOf, refusal } from '../../errors.ts';
import { readTableText } from '../../migrations/sql/table-text.ts';
import type { Server } from '../../mysql/connect.ts';
import type { SavedFile } from '../../plan/saved-rows.ts';
import type { SavedRows } from '../../plan/step.ts';
import { type LocalRun, listLocalRuns } from '../../run/folder.ts';
import { readReturned } from '../../statements/returned.ts';

interface Saving {
  readonly file: string;
  readonly savedAt: string;
  readonly versions: readonly string[];
  /** The run that was undone. */
  readonly ofRun: string;
}

/**
 * The files that hold the rows of these versions, newest first: of each version the file of the last rollback that undid
 * it. The runs' records tell, on the machine that the rollback ran on. Throws a refusal when one cannot be read.
 */
export async function findSavedFiles(
  versions: readonly string[],
  server: Server,
  { stateDir }: Config,
): Promise<SavedFile[]> {
  const runs = await listLocalRuns(stateDir);
  const savings = await withoutHollow(runs.flatMap(savingOf), runs, server);
  const open = new Set(versions);
  const newest = savings.filter((one) => one.versions.filter((version) => open.delete(version)).length > 0);
  const files: SavedFile[] = [];
  for (const { file, savedAt, versions: ofVersions } of newest) {
    try {
      if (!existsSync(file)) throw new Error('there is no such file');
      const manifest = await readManifest(file);
      if (manifest.database !== server.target.database) continue;
      files.push({ file, savedAt, versions: ofVersions, tables: await readTables(file, manifest) });
    } catch (error) {
      throw cannotBeLoaded(file, messageOf(error));
    }
  }
  return files;
}

export function cannotBeLoaded(file: string, reason: string): Failure {
  return refusal(
    `the rows that a rollback saved in ${file} cannot be loaded: ${reason}`,
    'put the file back, or: gateway-migrate deploy, without --with-saved-rows',
  );
}

/** A rollback, or a deploy on its way back, that has come as far as to drop what it had saved. */
function savingOf({ record, progress }: LocalRun): Saving[] {
  const { steps, onFailure, command } = record.plan;
  const way = command === 'deploy' ? onFailure : steps;
  const save = way.find((step) => step.phase === 'save');
  const undo = way.find((step) => step.phase === 'undo');
  if (!save || !undo || progress.steps.get(undo.id) !== 'finished') return [];
  const { file, ofRun } = save.input;
  // A deploy finds out only on its way back whether there is anything to save.
  if (ofRun !== undefined && !existsSync(file)) return [];
  const versions =
    command === 'deploy'
      ? steps.flatMap((step) => (step.phase === 'migrate' ? step.input.versions : []))
      : save.input.versions;
  return [{ file, versions, savedAt: record.startedAt, ofRun: undo.input.ofRun }];
}

/**
 * Without the savings of runs that were cut off before they had put saved rows back themselves: what they left was hollow,
 * and the rows are still in the file before.
 */
async function withoutHollow(savings: Saving[], runs: readonly LocalRun[], server: Server): Promise<Saving[]> {
  const begun = new Map(runs.map(({ record }) => [record.run, rowsOf(record.plan.steps).map(({ file }) => file)]));
  const full: Saving[] = [];
  for (const saving of savings) {
    const wanted = begun.get(saving.ofRun) ?? [];
    if (wanted.length === 0 || (await areBack(saving.ofRun, wanted, server))) full.push(saving);
  }
  return full;
}

async function areBack(run: string, files: readonly string[], server: Server): Promise<boolean> {
  const session = await server.open();
  try {
    const returned = await readReturned(session, run);
    return files.every((file) => returned.has(file.slice(file.lastIndexOf('/') + 1)));
  } finally {
    await session.close();
  }
}

async function readTables(file: string, { tables }: Manifest): Promise<SavedFile['tables']> {
  return Promise.all(
    tables.map(async ({ name, rows, range }) => {
      const { create } = await readHead(file, range);
      const { columns } = readTableText(Buffer.from(create, 'latin1').toString('utf8'));
      return { name, rows, columns: [...columns] };
    }),
  );
}

/** What deploys that have come to a good end have put back: ids that `isLoaded` knows. */
export async function readLoaded(stateDir: string): Promise<ReadonlySet<string>> {
  const deploys = (await listLocalRuns(stateDir)).filter(
    ({ record, progress }) => record.plan.command === 'deploy' && progress.result === 'changed',
  );
  return new Set(deploys.flatMap(({ record }) => rowsOf(record.plan.steps).flatMap(idsOf)));
}

export function isLoaded(rows: Pick<SavedRows, 'file' | 'tables'>, loaded: ReadonlySet<string>): boolean {
  return idsOf(rows).every((id) => loaded.has(id));
}

/** One for the rows of a table, or for the values of each column: they may come back with different deploys. */
function idsOf({ file, tables }: Pick<SavedRows, 'file' | 'tables'>): string[] {
  return tables.flatMap(({ table, columns }) =>
    (columns === 'all' ? [''] : columns).map((column) => [file, table, column].join('\n')),
  );
}

function rowsOf(steps: LocalRun['record']['plan']['steps']): SavedRows[] {
  return steps.flatMap((step) => (step.phase === 'saved-rows' ? [step.input] : []));
}
