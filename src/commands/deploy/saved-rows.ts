import { verifyBackup } from '../../backup/file/verify.ts';
import type { Config } from '../../config/config.ts';
import { Failure, messageOf, refusal } from '../../errors.ts';
import { nameBeside } from '../../exchange/side-database.ts';
import { additionsOf } from '../../migrations/inverse/additions.ts';
import type { Migration } from '../../migrations/types.ts';
import { type ChosenRows, chooseSavedRows } from '../../plan/saved-rows.ts';
import type { SavedRows } from '../../plan/step.ts';
import type { Facts } from '../../preflight/gather.ts';
import type { Invocation } from '../shared/invocation.ts';
import { cannotBeLoaded, findSavedFiles, isLoaded, readLoaded } from './saved-files.ts';

/** What rollbacks have saved for the migrations of a deploy, and what becomes of it. */
export interface SavedChoice {
  readonly load: readonly ChosenRows[];
  readonly stay: readonly ChosenRows[];
}

const NONE: SavedChoice = { load: [], stay: [] };

interface Wish {
  readonly withSavedRows: boolean;
  readonly dryRun: boolean;
}

/**
 * With `--with-saved-rows` all of it, and a file that is missing or damaged is refused before anything starts. Without, a
 * person is asked about what was never loaded; whoever cannot be asked is told.
 */
export async function chooseSaved(
  migrations: readonly Migration[],
  { withSavedRows, dryRun }: Wish,
  facts: Facts,
  config: Config,
  invocation: Invocation,
): Promise<SavedChoice> {
  if (withSavedRows) {
    const load = await findSaved(migrations, facts, config);
    if (load.length === 0) throw nothingSaved(migrations);
    await requireWhole(load, invocation);
    return { load, stay: [] };
  }
  const { flags, prompt, hub } = invocation;
  try {
    const loaded = await readLoaded(config.stateDir);
    const stay = (await findSaved(migrations, facts, config)).filter((one) => !isLoaded(one, loaded));
    if (stay.length === 0) return NONE;
    const canAsk = prompt.isInteractive && !flags.yes && !flags.json && !dryRun;
    if (canAsk && (await prompt.confirm(questionOf(stay)))) {
      await requireWhole(stay, invocation);
      return { load: stay, stay: [] };
    }
    if (!canAsk) hub.report({ type: 'note', level: 'warning', text: offerOf(stay) });
    return { load: [], stay };
  } catch (error) {
    // Nobody asked for them: a file that is gone is no reason not to deploy.
    if (!(error instanceof Failure)) throw error;
    hub.report({ type: 'note', level: 'warning', text: error.message });
    return NONE;
  }
}

async function findSaved(migrations: readonly Migration[], facts: Facts, config: Config): Promise<ChosenRows[]> {
  const files = await findSavedFiles(
    migrations.map((one) => one.version),
    facts.server,
    config,
  );
  return chooseSavedRows(files, additionsOf(migrations), (table) =>
    facts.snapshot.objects.get(`table:${table}`)?.table?.columns.map(({ name }) => name),
  );
}

async function requireWhole(chosen: readonly ChosenRows[], { signal }: Invocation): Promise<void> {
  for (const { file } of chosen) {
    const { problems } = await verifyBackup(file, { signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw cannotBeLoaded(file, messageOf(error));
    });
    if (problems.length > 0) throw cannotBeLoaded(file, problems.join('; '));
  }
}

function nothingSaved(migrations: readonly Migration[]): Failure {
  const versions = migrations.map((one) => one.version).join(', ');
  return refusal(
    `no rollback that this machine knows has saved rows that come back with ${versions}`,
    'gateway-migrate deploy, without --with-saved-rows',
  );
}

/** The steps' inputs: each file is loaded into a database of its own. */
export function toPlan(chosen: readonly ChosenRows[], database: string, now: Date): SavedRows[] {
  return chosen.map(({ file, tables }, index) => ({
    file,
    // A name tells a second; no two are loaded under the same.
    database: nameBeside(database, 'restore', new Date(now.getTime() + index * 1000)),
    tables: tables.map(({ table, columns }) => ({ table, columns })),
  }));
}

/** A line of the summary for each file. */
export function savedSummary({ load, stay }: SavedChoice): [string, string][] {
  return [
    ...load.map((one): [string, string] => ['Saved rows', `${describe(one)} come back from ${one.file}`]),
    ...stay.map((one): [string, string] => ['Saved rows', `${describe(one)} stay in ${one.file} (--with-saved-rows)`]),
  ];
}

function questionOf(stay: readonly ChosenRows[]): string {
  const what = stay.map((one) => `${describe(one)}, saved ${one.savedAt}`).join('; ');
  return `A rollback has saved ${what}. Load them back?`;
}

function offerOf(stay: readonly ChosenRows[]): string {
  const what = stay.map((one) => `${describe(one)} in ${one.file}`).join('; ');
  return `a rollback has saved ${what}: they are not loaded back. gateway-migrate deploy --with-saved-rows does it`;
}

function describe({ tables }: ChosenRows): string {
  return tables
    .map(({ table, columns, rows }) => {
      const count = rows === 1 ? '1 row' : `${rows} rows`;
      return columns === 'all' ? `${count} of ${table}` : `${columns.join(', ')} in ${count} of ${table}`;
    })
    .join(', ');
}
