import type { Manifest } from '../../backup/file/manifest.ts';
import { failedUnchanged } from '../../errors.ts';
import { checkBeside } from '../../preflight/beside.ts';
import type { Facts } from '../../preflight/gather.ts';
import { readAccount } from '../../preflight/privileges.ts';
import { grantToLoadTables } from '../../preflight/restore-rights.ts';
import type { Check } from '../../run/check.ts';
import type { Invocation } from '../shared/invocation.ts';
import { reportChecks, requireReady } from '../shared/preflight.ts';

/** Looks at what a restore of the whole backup, or of these tables of it, needs; stops before anything when it is not there. */
export async function requireRestorable(
  facts: Facts,
  manifest: Manifest,
  tables: readonly string[] | undefined,
  invocation: Invocation,
): Promise<void> {
  const space = await checkBeside(facts.server, manifest, tables);
  reportChecks(space, invocation);
  requireReady([...facts.checks.filter(isNeeded).map(asError), ...space]);
}

/** Stops before single tables are loaded under new names, where the account may not make the database that they are loaded in. */
export async function requireLoadable({ server }: Facts): Promise<void> {
  const { database } = server.target;
  const session = await server.open();
  try {
    const account = await readAccount(session);
    const grant = grantToLoadTables(account, database);
    if (grant === undefined) return;
    throw failedUnchanged(
      `${account.name} may not create ${database}_restore_…, in which the tables would be loaded`,
      `${grant} as an administrator, then gateway-migrate restore --table again`,
    );
  } finally {
    await session.close();
  }
}

/** What of preflight a restore cannot do without. The rest may be the very reason for it. */
export function isNeeded({ group, name }: Check): boolean {
  return group === 'rights to restore' || name === 'privileges' || name === 'client programs';
}

function asError(check: Check): Check {
  return { ...check, level: 'error' };
}
