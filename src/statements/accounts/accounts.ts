import { createHash } from 'node:crypto';
import { Tokens, unquote } from '../../migrations/sql/tokens.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import { quoteName } from '../../mysql/quote.ts';

/**
 * What a statement about accounts does when it is run again, where that is not the same once more:
 * - `revoke`: it fails, for there is no such grant any more;
 * - `password`: it fails where passwords may not come back;
 * - `second`: a second password, or factor, would take the place of what was kept;
 * - `make`, `drop`, `rename`: it fails on what it did itself.
 */
export type AccountDeed = 'revoke' | 'password' | 'second' | 'make' | 'drop' | 'rename';

/** Undefined: repeating ends in the same state, or it is no statement about accounts. */
export function accountDeed({ kind, verb, text }: Statement): AccountDeed | undefined {
  if (!isAboutAccounts(verb)) return undefined;
  const tokens = new Tokens(text);
  if (verb === 'REVOKE') return tokens.take('REVOKE', 'IF', 'EXISTS') ? undefined : 'revoke';
  if (verb.startsWith('RENAME')) return 'rename';
  if (verb.startsWith('CREATE')) return kind === 'opaque' ? 'make' : undefined;
  if (verb.startsWith('DROP')) return kind === 'opaque' ? 'drop' : undefined;
  if (tokens.seek('RETAIN', 'REPLACE', 'FACTOR', 'REGISTRATION')) return 'second';
  return verb === 'SET PASSWORD' || new Tokens(text).seek('IDENTIFIED') ? 'password' : undefined;
}

/** Also those that MariaDB does account after account, so that an error leaves a part done. */
export function isAboutAccounts(verb: string): boolean {
  return /^(?:GRANT|REVOKE|SET PASSWORD|SET DEFAULT ROLE|(?:CREATE|ALTER|DROP|RENAME) (?:USER|ROLE))$/.test(verb);
}

/** More than one account is listed. What stands in front of TO or FROM is no account. */
export function listsAccounts({ verb, text }: Pick<Statement, 'verb' | 'text'>): boolean {
  if (!isAboutAccounts(verb)) return false;
  const tokens = new Tokens(text);
  if (/^(?:GRANT|REVOKE)$/.test(verb)) tokens.seek('TO', 'FROM');
  return tokens.seek(',');
}

/** Errors of a statement that is done already: no such grant, no such role granted, a password that is in the history. */
export const DONE_ALREADY: readonly number[] = [1141, 1147, 1403, 1962, 3638];

/** `user@host` → digest of the account and its rights. */
export type Accounts = Readonly<Record<string, string>>;

/**
 * The accounts, of those that a statement may be about, that there are: all whose name stands in it. Undefined where ours may not see
 * them. A digest, for the text holds a password's.
 */
export async function readAccounts(session: Session, statement: Statement): Promise<Accounts | undefined> {
  const names = namesIn(statement.text);
  try {
    const [own] = await session.query<{ account: string }>('SELECT CURRENT_USER() AS account');
    const rows = await session.query<{ user: string; host: string }>(
      `SELECT User AS user, Host AS host FROM mysql.user
       WHERE User IN (${['', ...names].map(() => '?').join(', ')}) OR CONCAT(User, '@', Host) = ?`,
      ['', ...names, isAboutOwn(statement) ? (own?.account ?? '') : ''],
    );
    const accounts: Record<string, string> = {};
    for (const { user, host } of rows.filter((row) => row.user !== '' || names.includes(''))) {
      accounts[`${user}@${host}`] = await digestOfAccount(session, user, host);
    }
    return accounts;
  } catch {
    return undefined;
  }
}

function namesIn(text: string): string[] {
  const tokens = new Tokens(text);
  const names = new Set<string>();
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (token.kind === 'string') names.add(token.text.slice(1, -1).replaceAll("''", "'"));
    else if (token.kind !== 'symbol') names.add(unquote(token));
  }
  return [...names];
}

function isAboutOwn({ verb, text }: Statement): boolean {
  return verb === 'SET PASSWORD' || /\b(?:CURRENT_USER|USER\s*\()/i.test(text);
}

/** Its own name apart, so that it is known again when it is renamed. A role of MariaDB has no host, and no SHOW CREATE USER. */
async function digestOfAccount(session: Session, user: string, host: string): Promise<string> {
  const account = host === '' ? quoteName(user) : `${quoteName(user)}@${quoteName(host)}`;
  const made = host === '' ? [] : await session.query(`SHOW CREATE USER ${account}`);
  const rights = await session.query(`SHOW GRANTS FOR ${account}`);
  const lines = [...made, ...rights].flatMap((row) =>
    Object.values(row).map((value) => String(value).replaceAll(account, '*')),
  );
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}
