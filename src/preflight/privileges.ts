import type { Session } from '../mysql/connect.ts';
import { missingPrivileges, quoteAccount, readGrants } from '../mysql/grants.ts';
import { type Check, fails, holds } from '../run/check.ts';

/**
 * What a deploy needs on the database. Reading and writing rows and making tables: migrations and the tool's own two
 * tables. The rest: mysqldump of views, triggers, routines and events, and what migrations commonly create.
 */
export const NEEDED = [
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
  const grants = await readGrants(session);
  const [user] = await session.query<{ name: string }>('SELECT CURRENT_USER() AS name');
  return { name: user?.name ?? '', grants };
}

/** Looks whether the account may do what a deploy does, and names what is missing. PURE. */
export function checkPrivileges({ name, grants }: Account, database: string): Check {
  const missing = missingPrivileges(grants, database, NEEDED);
  const about = { group: 'database', name: 'privileges' };
  if (missing.length === 0) return holds({ ...about, detail: `${name} may do all that a deploy needs` });
  return fails({
    ...about,
    detail: `${name} lacks ${missing.join(', ')} on ${database}`,
    remedy: `GRANT ${missing.join(', ')} ON \`${database}\`.* TO ${quoteAccount(name)};`,
  });
}
