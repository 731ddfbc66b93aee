import { madeOf, readStanding } from '../../backup/dump/standing.ts';
import type { Manifest } from '../../backup/file/manifest.ts';
import type { Session } from '../../mysql/connect.ts';
import type { Flavor } from '../../mysql/flavor.ts';
import { means, type NamedDatabase } from '../subject.ts';
import { findUnloggedParents, readActingKeys } from './cascades.ts';
import { type LogFilters, readFilters } from './gaps.ts';

/**
 * What may be missing in a log that passes other databases over; undefined where it passes none over, empty where the catalogue
 * makes certain that nothing is missing: no foreign key leads into the database from one that is not logged, and nothing of it
 * was defined since the backup.
 */
export async function readDoubts(
  session: Session,
  flavor: Flavor,
  named: NamedDatabase,
  made: Manifest['made'],
): Promise<readonly string[] | undefined> {
  const filters = await readFilters(session, flavor);
  if (filters.only.length === 0 && filters.not.length === 0) return undefined;
  const now = madeOf(await readStanding(session, named.database));
  return [
    ...findUnloggedParents(await readActingKeys(session), named)
      .filter(({ database }) => !isLogged(filters, { ...named, database }))
      .map(
        ({ database, table, changes }) =>
          `rows of ${changes} follow those of ${database}.${table}, which the server does not log`,
      ),
    ...describeDefined(made && now ? namesOf(made, now) : undefined),
  ];
}

/** PURE. A list of databases that are logged makes the server pass the other list over. */
export function isLogged({ only, not }: LogFilters, named: NamedDatabase): boolean {
  const isIn = (names: readonly string[]) => names.some((name) => means(named, name));
  return only.length > 0 ? isIn(only) : !isIn(not);
}

/** PURE: what is there now and was made or altered since, and what is gone. */
function namesOf(made: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): string[] {
  const ids = new Set([...Object.keys(made), ...Object.keys(now)]);
  return [...ids].filter((id) => made[id] !== now[id]).map((id) => id.replace(':', ' '));
}

function describeDefined(names: readonly string[] | undefined): string[] {
  if (names?.length === 0) return [];
  const what = names?.join(', ') ?? 'whatever is in it';
  return [`what was defined with another database in use is not logged, and ${what} may have been since the backup`];
}
