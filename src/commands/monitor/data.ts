import type { Config } from '../../config/config.ts';
import type { Server, Session } from '../../mysql/connect.ts';
import { collectChecks, type VerifyScope } from '../../phases/migrate/verify.ts';
import type { Check } from '../../run/check.ts';
import { countRows } from '../../watch/database/rows.ts';
import type { BrokenCheck, DataLook } from '../../watch/evidence.ts';

/**
 * The deploy's own verification again, and the rows of tables that a cascade could reach. Orphans in tables that the deploy
 * did not make may have been there before: what the first look finds is told, and is no alarm.
 */
export function dataWatcher(config: Config, scope: VerifyScope) {
  let foundFirst: ReadonlySet<string> | undefined;
  return async (server: Server, session: Session): Promise<DataLook> => {
    const { flavor } = server;
    const { database } = server.target;
    const { checks } = await collectChecks(session, { ...scope, flavor, database, verify: config.verify });
    const broken = checks.filter(isBroken);
    foundFirst ??= new Set(broken.filter(({ level }) => level === 'warning').map(({ name }) => name));
    const rows = await countRows(session, flavor, database, scope.tables ?? []);
    return { broken: broken.map((check) => told(check, foundFirst ?? new Set())), rows };
  };
}

/** Of warnings only orphans that were found: what could not be read in time is no damage. */
function isBroken({ ok, level, group, detail }: Check): boolean {
  if (ok) return false;
  return level === 'error' || (level === 'warning' && group === 'orphans' && !detail.startsWith('not known'));
}

function told({ group, name, detail, level }: Check, foundFirst: ReadonlySet<string>): BrokenCheck {
  return { group, name, detail, wasBefore: level === 'warning' && foundFirst.has(name) };
}
