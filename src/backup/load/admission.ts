import { messageOf } from '../../errors.ts';
import { connect, type Session, type Target } from '../../mysql/connect.ts';

/** What a server takes from a session that loads. */
export interface Admission {
  /** Statements that a loading session begins with. */
  readonly settings: readonly string[];
  /** `max_allowed_packet`, in bytes: no statement may be longer. */
  readonly packetBytes: number;
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

/** It would add a column to a table without a word. */
const CHANGES = 'sql_generate_invisible_primary_key';

/** Asks a server what lets everything in, and tries it. Throws where a table would come in changed. */
export async function readAdmission(target: Target): Promise<Admission> {
  const server = await connect(target, { database: null });
  const session = await server.open({ database: null });
  try {
    const [row] = await session.query<{ packet: number | string }>('SELECT @@global.max_allowed_packet AS packet');
    return { settings: await letEverythingIn(session), packetBytes: Number(row?.packet) };
  } finally {
    await session.close();
  }
}

/**
 * Makes the session take everything that a database can hold. Resolves with the statements that did it; what the account may
 * not set is left, and the server's own error tells when it matters.
 */
export async function letEverythingIn(session: Session): Promise<string[]> {
  const names = Object.keys(LETS_IN).map((name) => `'${name}'`);
  const present = await session.query<{ Variable_name: string; Value: string }>(
    `SHOW SESSION VARIABLES WHERE Variable_name IN (${names.join(', ')})`,
  );
  const settings: string[] = [];
  for (const { Variable_name: name, Value: value } of present) {
    const wanted = LETS_IN[name] as string;
    if (value === wanted || (wanted === 'NULL' && value === '')) continue;
    const setting = `SET SESSION ${name} = ${wanted}`;
    try {
      await session.query(setting);
      settings.push(setting);
    } catch (error) {
      if (name === CHANGES) throw cannotTurnOff(error);
    }
  }
  return settings;
}

function cannotTurnOff(error: unknown): Error {
  return new Error(
    `${CHANGES} is ON and would add a column to tables without a primary key, and the account may not turn it off for its own session: ${messageOf(error)}; as an administrator: GRANT SESSION_VARIABLES_ADMIN ON *.* TO the account`,
  );
}
