import type { Failure } from '../errors.ts';
import { refusal } from '../errors.ts';
import type { Server, Session } from '../mysql/connect.ts';
import { type Check, fails, holds } from '../run/check.ts';

/** ON, or one of MariaDB's newer words (NO_LOCK, NO_LOCK_NO_ADMIN); OFF is the only one that lets everybody write. */
const SETTINGS = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'super_read_only', 'innodb_read_only')";
const MEANING = 'it is a replica, or has been taken out of service: what is written here, production does not have';

/**
 * What says that nobody is to write to this server; undefined when nothing does. The server itself stops only accounts
 * without SUPER, CONNECTION_ADMIN or READ_ONLY ADMIN.
 */
export async function readReadOnly(session: Session): Promise<string | undefined> {
  const rows = await session.query<{ Variable_name: string; Value: string }>(SETTINGS);
  const set = rows.filter(({ Value }) => !['OFF', '0'].includes(Value.toUpperCase()));
  return set.length === 0 ? undefined : set.map(({ Variable_name, Value }) => `${Variable_name}=${Value}`).join(', ');
}

/** PURE. */
export function checkReadOnly(set: string | undefined): Check {
  const about = { group: 'database', name: 'writable' };
  if (set === undefined) return holds({ ...about, detail: 'read_only is OFF' });
  return fails({ ...about, detail: `${set}: ${MEANING}`, remedy: describeRemedy() });
}

/** Stops a command that would change it (exit 5), whatever the account may do. */
export async function requireWritable(server: Server): Promise<void> {
  const session = await server.open();
  try {
    const set = await readReadOnly(session);
    if (set !== undefined) throw readOnlyRefusal(set);
  } finally {
    await session.close();
  }
}

function readOnlyRefusal(set: string): Failure {
  return refusal(`the server has ${set}: ${MEANING}`, describeRemedy());
}

function describeRemedy(): string {
  return 'name the primary in database.host; or, if this is the primary: SET GLOBAL read_only = OFF;';
}
