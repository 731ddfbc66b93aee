import type { Session } from '../mysql/connect.ts';
import { type Check, fails, holds } from '../run/check.ts';

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

/** Who we are to the server, and what it lets us do. */
export interface Account {
  /** As `CURRENT_USER()` says it: `app@localhost`. */
  readonly name: string;
  readonly grants: readonly string[];
}

export async function readAccount(session: Session): Promise<Account> {
  const rows = await session.query('SHOW GRANTS');
  const [user] = await session.query<{ name: string }>('SELECT CURRENT_USER() AS name');
  return { name: user?.name ?? '', grants: rows.map((row) => String(Object.values(row)[0])) };
}

/** Looks whether the account may do what a deploy does, and names what is missing. PURE. */
export function checkPrivileges({ name, grants }: Account, database: string): Check {
  const missing = missingPrivileges(grants, database);
  const about = { group: 'database', name: 'privileges' };
  if (missing.length === 0) return holds({ ...about, detail: `${name} may do all that a deploy needs` });
  return fails({
    ...about,
    detail: `${name} lacks ${missing.join(', ')} on ${database}`,
    remedy: `GRANT ${missing.join(', ')} ON \`${database}\`.* TO ${quoteAccount(name)};`,
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

export function quoteAccount(account: string): string {
  const at = account.lastIndexOf('@');
  return `'${account.slice(0, at)}'@'${account.slice(at + 1)}'`;
}
