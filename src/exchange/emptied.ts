import { ExitCode, Failure } from '../errors.ts';
import type { Session } from '../mysql/connect.ts';
import { quoteQualified } from '../mysql/quote.ts';
import { listBeside, tablesBeside } from './side-database.ts';

/** A restore was cut off between production's tables leaving and the others coming. */
export interface Emptied {
  readonly run: string;
  /** Where production's tables are, whole. */
  readonly aside: string;
  /** What they are, without those that somebody has made again in production. */
  readonly tables: readonly string[];
  readonly database: string;
}

/**
 * A restore that was cut off while production had no tables; undefined: none. Both databases beside hold tables only between
 * production's leaving and the others' coming, whatever somebody has made in production meanwhile. Known from the server, for
 * whoever has not the state folder of the run. `knownRun`: one that can be ended from here, and is not meant. One statement
 * where no restore has left anything. Reads only.
 */
export async function findEmptied(
  session: Session,
  database: string,
  knownRun?: string | undefined,
): Promise<Emptied | undefined> {
  const beside = await listBeside(session, database);
  for (const { name, run } of beside.filter(({ role }) => role === 'before')) {
    const coming = beside.find((one) => one.role === 'restore' && one.run === run);
    if (!coming || (await tablesBeside(session, coming.name)).length === 0) continue;
    if (run === knownRun) return undefined;
    const own = await tablesBeside(session, database);
    const tables = (await tablesBeside(session, name)).filter((table) => !own.includes(table));
    if (tables.length > 0) return { run, aside: name, tables, database };
  }
  return undefined;
}

/** PURE: what has happened. */
export function describeEmptied({ run, aside, tables, database }: Emptied): string {
  return `run ${run} (restore) was cut off while it exchanged the tables of ${database}: ${tables.length} of them are whole in ${aside}`;
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
