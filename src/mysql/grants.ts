import type { Session } from './connect.ts';

/**
 * What the server lets this session do, as GRANT statements: the account's own, and those of the roles that are active, a
 * default role (as on RDS) among them. information_schema knows the account's own alone.
 */
export async function readGrants(session: Session): Promise<string[]> {
  const own = await show(session, 'SHOW GRANTS');
  const [row] = await session.query<{ role: string | null }>('SELECT CURRENT_ROLE() AS role');
  const roles = row?.role ?? 'NONE';
  if (roles === 'NONE') return own;
  // MySQL answers with a list that is quoted as its own statements want it; MariaDB with one name.
  const statement = roles.includes('`')
    ? `SHOW GRANTS FOR CURRENT_USER() USING ${roles}`
    : 'SHOW GRANTS FOR CURRENT_ROLE';
  return [...own, ...(await show(session, statement).catch(() => []))];
}

async function show(session: Session, statement: string): Promise<string[]> {
  return (await session.query(statement)).map((row) => String(Object.values(row)[0]));
}

/** PURE: the needed privileges that no grant gives on all of `database`; `''` asks for those on the whole server. */
export function missingPrivileges(grants: readonly string[], database: string, needed: readonly string[]): string[] {
  const given = privilegesIn(grants, 'GRANT', 'TO', database);
  // MySQL's partial_revokes takes a database out of a grant on all of them.
  const taken = privilegesIn(grants, 'REVOKE', 'FROM', database);
  const hasAll = given.has('ALL PRIVILEGES') || given.has('ALL');
  return needed.filter((privilege) => taken.has(privilege) || !(hasAll || given.has(privilege)));
}

function privilegesIn(grants: readonly string[], verb: string, end: string, database: string): Set<string> {
  const found = new Set<string>();
  const form = new RegExp(`^${verb} (.+?) ON (?:TABLE )?(\`(?:[^\`]|\`\`)+\`|\\*)\\.\\* ${end} `, 'i');
  for (const grant of grants) {
    const match = form.exec(grant);
    if (!match || !covers(match[2] ?? '', database)) continue;
    for (const privilege of (match[1] ?? '').split(',')) found.add(privilege.trim().toUpperCase());
  }
  return found;
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

/** PURE: `app@localhost`, as `CURRENT_USER()` says it, as GRANT takes it. */
export function quoteAccount(account: string): string {
  const at = account.lastIndexOf('@');
  return `'${account.slice(0, at)}'@'${account.slice(at + 1)}'`;
}
