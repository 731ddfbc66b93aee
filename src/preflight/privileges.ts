import type { Session } from '../mysql/connect.ts';
import { type Check, fails, holds, warns } from './checks.ts';

/**
 * What a deploy needs on the database. Reading and writing rows and making tables: migrations and the tool's own two
 * tables. The rest: mysqldump of views, triggers, routines and events, and what migrations commonly create.
 */
const NEEDED = [
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'CREATE',
  'DROP',
  'ALTER',
  'INDEX',
  'REFERENCES',
  'TRIGGER',
  'CREATE VIEW',
  'SHOW VIEW',
  'EVENT',
  'LOCK TABLES',
] as const;

/** Looks whether the account may do what a deploy does, and names what is missing. */
export async function checkPrivileges(session: Session, database: string): Promise<Check> {
  const rows = await session.query('SHOW GRANTS');
  const grants = rows.map((row) => String(Object.values(row)[0]));
  const [user] = await session.query<{ name: string }>('SELECT CURRENT_USER() AS name');
  const missing = missingPrivileges(grants, database);
  const about = { group: 'database', name: 'privileges' };
  if (missing.length === 0) return holds({ ...about, detail: `${user?.name} may do all that a deploy needs` });
  return fails({
    ...about,
    detail: `${user?.name} lacks ${missing.join(', ')} on ${database}`,
    remedy: `GRANT ${missing.join(', ')} ON \`${database}\`.* TO ${quoteAccount(user?.name ?? '')};`,
  });
}

/** What RENAME TABLE asks for in the database that a restore moves tables to, and making it. */
const SET_ASIDE = ['CREATE', 'INSERT'] as const;

/** A restore keeps what is there in a database of its own beside production: may the account make one? */
export async function checkSetAside(session: Session, database: string): Promise<Check> {
  const grants = (await session.query('SHOW GRANTS')).map((row) => String(Object.values(row)[0]));
  const [user] = await session.query<{ name: string }>('SELECT CURRENT_USER() AS name');
  const missing = missingPrivileges(grants, `${database}_before_20000101_000000`, SET_ASIDE);
  const about = { group: 'database', name: 'privileges of restore' };
  if (missing.length === 0) return holds({ ...about, detail: 'what is there can be kept aside' });
  const pattern = `${database.replaceAll('_', '\\_')}\\_before\\_%`;
  return warns({
    ...about,
    detail: `${user?.name} may not create ${database}_before_…, where a restore keeps what was there`,
    remedy: `GRANT ALL ON \`${pattern}\`.* TO ${quoteAccount(user?.name ?? '')};`,
  });
}

/** One of these is needed to create an object that belongs to another account: MySQL's names old and new, MariaDB's. */
const ANY_DEFINER = ['SUPER', 'SET_USER_ID', 'SET_ANY_DEFINER', 'SET USER'] as const;

/** A load stops at the first view, trigger, routine or event of an account that ours may not create things for. */
export async function checkDefiners(session: Session): Promise<Check> {
  const grants = (await session.query('SHOW GRANTS')).map((row) => String(Object.values(row)[0]));
  const foreign = await session.query<{ name: string }>(
    `SELECT definer AS name FROM information_schema.views WHERE table_schema = DATABASE() AND definer <> CURRENT_USER()
     UNION SELECT definer FROM information_schema.triggers WHERE trigger_schema = DATABASE() AND definer <> CURRENT_USER()
     UNION SELECT definer FROM information_schema.routines WHERE routine_schema = DATABASE() AND definer <> CURRENT_USER()
     UNION SELECT definer FROM information_schema.events WHERE event_schema = DATABASE() AND definer <> CURRENT_USER()`,
  );
  const about = { group: 'database', name: 'definers' };
  const isAllowed = missingPrivileges(grants, '', ANY_DEFINER).length < ANY_DEFINER.length;
  if (foreign.length === 0 || isAllowed) return holds({ ...about, detail: 'every object could be restored' });
  return warns({
    ...about,
    detail: `objects of ${foreign.map((row) => row.name).join(', ')} could not be restored by this account`,
    remedy: 'grant SET_ANY_DEFINER (MySQL) or SET USER (MariaDB), or create them anew as this account',
  });
}

/** PURE: the needed privileges that no grant gives on all of `database`. Roles must be active to count. */
export function missingPrivileges(
  grants: readonly string[],
  database: string,
  needed: readonly string[] = NEEDED,
): string[] {
  const given = new Set<string>();
  for (const grant of grants) {
    const match = /^GRANT (.+?) ON (?:TABLE )?(`(?:[^`]|``)+`|\*)\.\* TO /i.exec(grant);
    if (!match || !covers(match[2] ?? '', database)) continue;
    for (const privilege of (match[1] ?? '').split(',')) given.add(privilege.trim().toUpperCase());
  }
  if (given.has('ALL PRIVILEGES') || given.has('ALL')) return [];
  return needed.filter((privilege) => !given.has(privilege));
}

/** A grant's database is a LIKE pattern: `_` and `%` are wildcards unless escaped. */
function covers(pattern: string, database: string): boolean {
  if (pattern === '*') return true;
  const name = pattern.slice(1, -1).replaceAll('``', '`');
  const source = name.replace(/\\?[\s\S]/g, (part) => {
    if (part === '%') return '.*';
    if (part === '_') return '.';
    return (part.length === 2 ? (part[1] ?? '') : part).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${source}$`, 's').test(database);
}

function quoteAccount(account: string): string {
  const at = account.lastIndexOf('@');
  return `'${account.slice(0, at)}'@'${account.slice(at + 1)}'`;
}
