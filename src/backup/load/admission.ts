import { connect, type Session, type Target } from '../../mysql/connect.ts';
import { quoteAccount } from '../../mysql/grants.ts';

/** What a server takes from a session that loads. */
export interface Admission {
  /** Statements that a loading session begins with. */
  readonly settings: readonly string[];
  /** What stays as it is. */
  readonly kept: readonly KeptSetting[];
  /** `max_allowed_packet`, in bytes: no statement may be longer. */
  readonly packetBytes: number;
}

/** A setting that the account may not change for its session. */
export interface KeptSetting {
  readonly name: string;
  readonly value: string;
  /** What lets the account change it. */
  readonly grant: string;
}

/**
 * Session variables that refuse, or change on its way in, what production holds already: it came in under other settings,
 * or before there were any. Each with the value that lets everything in (Reference Manual, "Server System Variables"; MariaDB
 * Knowledge Base, "Server System Variables").
 */
const LETS_IN: Readonly<Record<string, string>> = {
  sql_require_primary_key: 'OFF',
  sql_generate_invisible_primary_key: 'OFF',
  restrict_fk_on_non_standard_key: 'OFF',
  innodb_strict_mode: 'OFF',
  check_constraint_checks: 'OFF',
  // A dump says of each TIMESTAMP what it is; the old reading adds to that.
  explicit_defaults_for_timestamp: 'ON',
  enforce_storage_engine: 'NULL',
};

const SESSION_RIGHTS = ['SESSION_VARIABLES_ADMIN', 'SYSTEM_VARIABLES_ADMIN'] as const;

/**
 * Of these only some accounts may change the value for their session: with one of the rights, the smallest first. The others are
 * anybody's, as innodb_strict_mode is on MariaDB. As MySQL 9.7 and MariaDB 10.11 answered; SUPER is not enough for innodb_strict_mode.
 */
export const GUARDED: Readonly<Record<string, readonly string[]>> = {
  sql_require_primary_key: [...SESSION_RIGHTS, 'SUPER'],
  sql_generate_invisible_primary_key: [...SESSION_RIGHTS, 'SUPER'],
  innodb_strict_mode: SESSION_RIGHTS,
  enforce_storage_engine: ['SUPER'],
};

/** It would add a column to a table without a word. */
export const ADDS_A_COLUMN = 'sql_generate_invisible_primary_key';

/** How servers refuse for a setting: by error number. */
const REFUSES: Readonly<Record<string, readonly number[]>> = {
  sql_require_primary_key: [3750],
  innodb_strict_mode: [1031, 1118, 1478],
  enforce_storage_engine: [1290],
};

/** Part of every sentence about a setting that is in the way. */
export const NOT_THIS_ACCOUNT = 'this account may not change it for its session';

/** Asks a server what lets everything in, and tries it. */
export async function readAdmission(target: Target): Promise<Admission> {
  const server = await connect(target, { database: null });
  const session = await server.open({ database: null });
  try {
    const [row] = await session.query<{ packet: number | string }>('SELECT @@global.max_allowed_packet AS packet');
    return { ...(await letEverythingIn(session)), packetBytes: Number(row?.packet) };
  } finally {
    await session.close();
  }
}

/**
 * Makes the session take everything that a database can hold. Resolves with the statements that did it, and with what the account
 * may not change: only where a table asks for it is that in the way, and the server's own error tells, or nobody (ADDS_A_COLUMN).
 */
export async function letEverythingIn(session: Session): Promise<Pick<Admission, 'settings' | 'kept'>> {
  const names = Object.keys(LETS_IN).map((name) => `'${name}'`);
  const present = await session.query<{ Variable_name: string; Value: string }>(
    `SHOW SESSION VARIABLES WHERE Variable_name IN (${names.join(', ')})`,
  );
  const settings: string[] = [];
  const kept: KeptSetting[] = [];
  for (const { Variable_name: name, Value: value } of present) {
    if (letsIn(name, value)) continue;
    const setting = `SET SESSION ${name} = ${LETS_IN[name]}`;
    try {
      await session.query(setting);
      settings.push(setting);
    } catch {
      kept.push({ name, value, grant: await grantFor(name, session) });
    }
  }
  return { settings, kept };
}

/** PURE: whether a variable of that value stands in nobody's way. */
export function letsIn(name: string, value: string): boolean {
  const wanted = LETS_IN[name];
  return wanted === undefined || value === wanted || (wanted === 'NULL' && value === '');
}

async function grantFor(name: string, session: Session): Promise<string> {
  const [row] = await session.query<{ account: string }>('SELECT CURRENT_USER() AS account');
  return `GRANT ${GUARDED[name]?.[0] ?? 'SUPER'} ON *.* TO ${quoteAccount(row?.account ?? '')};`;
}

/** PURE: the setting that the server refuses for; undefined where it is another reason. */
export function refusedFor(message: string, errno: number | undefined, kept: readonly KeptSetting[]) {
  const found = errno ?? Number(/\bERROR (\d+) /.exec(message)?.[1]);
  // A server that is read-only answers with the same number.
  if (found === 1290 && !message.includes('NO_ENGINE_SUBSTITUTION')) return undefined;
  return kept.find(({ name }) => REFUSES[name]?.includes(found));
}

/** PURE: what the setting is, and what to do, behind the server's own words. */
export function describeKept({ name, value, grant }: KeptSetting): string {
  return `${name} is ${value}, and ${NOT_THIS_ACCOUNT}; as an administrator: ${grant}`;
}
