import { ExitCode, Failure } from '../errors.ts';
import type { Session } from '../mysql/connect.ts';
import { quoteQualified } from '../mysql/quote.ts';
import { OWN_TABLES } from '../schema/types.ts';
import { type Beside, listBeside, tablesBeside } from './side-database.ts';

/** A restore was cut off between production's tables leaving and the others coming. */
export interface Emptied {
  readonly run: string;
  /** Where production's tables are, whole. */
  readonly aside: string;
  /** What they are, without those that production has by now. */
  readonly tables: readonly string[];
  readonly database: string;
}

/**
 * `knownRun`: one that can be ended from here, and is not meant. Whether production's tables stand beside it, and those that were to come as well: a restore that has ended has dropped the
 * database that it had loaded, so that one of an empty backup is none. Known from the server alone, for whoever has not the state
 * folder of the run. One statement where production has tables. Reads only.
 */
export async function findEmptied(
  session: Session,
  database: string,
  knownRun?: string | undefined,
): Promise<Emptied | undefined> {
  const own = OWN_TABLES.map(() => '?').join(', ');
  const present = await session.query(
    `SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME NOT IN (${own}) LIMIT 1`,
    [database, ...OWN_TABLES],
  );
  if (present.length > 0) return undefined;
  const beside = await listBeside(session, database);
  for (const { name, run } of beside.filter((one) => one.role === 'before' && hasComing(one, beside))) {
    if (run === knownRun) return undefined;
    const own = await tablesBeside(session, database);
    const tables = (await tablesBeside(session, name)).filter((table) => !own.includes(table));
    if (tables.length > 0) return { run, aside: name, tables, database };
  }
  return undefined;
}

function hasComing({ run }: Beside, beside: readonly Beside[]): boolean {
  return beside.some((one) => one.role === 'restore' && one.run === run);
}

/** PURE: what has happened. */
export function describeEmptied({ run, aside, tables, database }: Emptied): string {
  return `${database} has no tables: run ${run} (restore) was cut off while it exchanged them; its ${tables.length} are whole in ${aside}`;
}

/** PURE: what ends it where the run is known, and by hand where it is not any more. */
export function remedyForEmptied({ run, aside, tables, database }: Emptied): string {
  const moves = tables.map((name) => `${quoteQualified(aside, name)} TO ${quoteQualified(database, name)}`);
  return (
    `on the machine that began run ${run}: gateway-migrate resume (finishes it), or gateway-migrate rollback (undoes it); ` +
    `where its state folder is lost, by hand: RENAME TABLE ${moves.join(', ')}; and views, triggers, routines and events from a backup`
  );
}

/** Stops whatever would take it for the database (exit 5). */
export function requireTables(emptied: Emptied | undefined): void {
  if (!emptied) return;
  throw new Failure(describeEmptied(emptied), {
    exitCode: ExitCode.refused,
    production: 'unchanged',
    state: `nothing was started; what ${emptied.database} held is in ${emptied.aside}`,
    next: remedyForEmptied(emptied),
  });
}
