import { type BesideRole, nameBeside } from '../exchange/side-database.ts';
import type { Server, Session } from '../mysql/connect.ts';
import { missingPrivileges, quoteAccount } from '../mysql/grants.ts';
import { type Check, holds, warns } from '../run/check.ts';
import { readDefiners } from '../schema/definers.ts';
import type { Account } from './privileges.ts';
import { describeSetting, holdsOne, readSettingsToChange } from './settings-to-change.ts';

const GROUP = 'rights to restore';
/** What a load, and RENAME TABLE there and back, ask for. */
const BESIDE = ['SELECT', 'INSERT', 'CREATE', 'DROP', 'ALTER', 'INDEX', 'REFERENCES', 'LOCK TABLES'] as const;
/** One of these lets an account create what belongs to another: MySQL's names old and new, and MariaDB's. */
const ANY_DEFINER = ['SUPER', 'SET_USER_ID', 'SET_ANY_DEFINER', 'SET USER'] as const;

/**
 * What a restore needs beyond a deploy. A deploy goes on without; a restore must know before it empties anything,
 * because the load would stop half way.
 */
export async function checkRestoreRights(server: Server, session: Session, account: Account): Promise<Check[]> {
  const { database } = server.target;
  return [
    checkBeside(account, database),
    await checkDefiners(session, account, database),
    await checkTrust(session, account),
    ...(await checkSettings(server, session, account)),
  ];
}

/** What refuses new tables refuses those that production has, where a restore, a proof or a rehearsal makes them again. */
async function checkSettings(server: Server, session: Session, { name, grants }: Account): Promise<Check[]> {
  const found = await readSettingsToChange(session, server.flavor, (rights) => holdsOne(grants, rights));
  return found.map((one) =>
    warns({
      // By an estimate no restore is refused.
      group: one.isEstimate ? 'database' : GROUP,
      name: one.name,
      detail: `${name} may not change it for its session: ${describeSetting(one)}`,
      remedy: `GRANT ${one.rights[0]} ON *.* TO ${quoteAccount(name)};`,
    }),
  );
}

/** A restore loads beside production, and keeps there what production was. */
function checkBeside({ name, grants }: Account, database: string): Check {
  const about = { group: GROUP, name: 'database beside' };
  const lacking = (['restore', 'before'] as const).filter((role) => mayNotMake(role, grants, database));
  if (lacking.length === 0) return holds({ ...about, detail: 'a backup can be loaded beside, and what is there kept' });
  return warns({
    ...about,
    detail: `${name} may not create ${lacking.map((role) => `${database}_${role}_…`).join(' and ')}, which a restore makes`,
    remedy: lacking.map((role) => grantOn(role, name, database)).join(' '),
  });
}

/** The statement that lets an account load single tables beside the present ones; undefined when it may. */
export function grantToLoadTables({ name, grants }: Account, database: string): string | undefined {
  return mayNotMake('restore', grants, database) ? grantOn('restore', name, database) : undefined;
}

function mayNotMake(role: BesideRole, grants: readonly string[], database: string): boolean {
  return missingPrivileges(grants, nameBeside(database, role, new Date(0)), BESIDE).length > 0;
}

function grantOn(role: BesideRole, account: string, database: string): string {
  return `GRANT ALL ON \`${database.replaceAll('_', '\\_')}\\_${role}\\_%\`.* TO ${quoteAccount(account)};`;
}

/** A load stops at the first view, trigger, routine or event of another account that ours may not create. */
async function checkDefiners(session: Session, { name, grants }: Account, database: string): Promise<Check> {
  const foreign = (await readDefiners(session, database)).filter((definer) => definer !== name);
  const about = { group: GROUP, name: 'definers' };
  if (foreign.length === 0 || hasAny(grants, ANY_DEFINER))
    return holds({ ...about, detail: 'objects of all accounts' });
  return warns({
    ...about,
    detail: `${name} may not create what belongs to ${foreign.join(', ')}`,
    remedy: `GRANT SET_ANY_DEFINER (MySQL) or SET USER (MariaDB) ON *.* TO ${quoteAccount(name)};`,
  });
}

/** With a binary log, triggers and functions may be created only with SUPER or on trust (error 1419). */
async function checkTrust(session: Session, { name, grants }: Account): Promise<Check> {
  const [row] = await session.query<{ isLogged: number; isTrusted: number; programs: number | string }>(
    `SELECT @@GLOBAL.log_bin AS isLogged, @@GLOBAL.log_bin_trust_function_creators AS isTrusted,
       (SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE()) +
       (SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_type = 'FUNCTION') AS programs`,
  );
  const about = { group: GROUP, name: 'triggers and functions' };
  const isFree = Number(row?.isLogged) === 0 || Number(row?.isTrusted) === 1 || hasAny(grants, ['SUPER']);
  if (isFree || Number(row?.programs) === 0) return holds({ ...about, detail: 'can be created' });
  return warns({
    ...about,
    detail: `${name} may not create the ${row?.programs} triggers and functions that are there: the server has a binary log`,
    remedy: 'SET GLOBAL log_bin_trust_function_creators = 1; as an administrator, and in the server configuration',
  });
}

function hasAny(grants: readonly string[], privileges: readonly string[]): boolean {
  return missingPrivileges(grants, '', privileges).length < privileges.length;
}
