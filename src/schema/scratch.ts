import { createHash } from 'node:crypto';
import { messageOf, refusal } from '../errors.ts';
import type { Server, Session } from '../mysql/connect.ts';
import { quoteName, quoteQualified } from '../mysql/quote.ts';
import { SCRATCH_TABLE } from './types.ts';

/** A database of our own, to build in and to drop. */
export interface Scratch {
  readonly name: string;
  readonly charset: string;
  readonly collation: string;
  /** What it is made for. Default: a rehearsal. */
  readonly purpose?: 'rehearsal' | 'proof';
  /** Leave it there at the end, to be looked at. The next time it is made anew. */
  readonly keep?: boolean;
  /** Making and dropping it stays out of the server's binary log. */
  readonly isUnlogged?: boolean;
}

/**
 * Makes a database, runs `body`, and drops it. What stands there under that name is dropped only if this tool made it
 * (its marker table says so; one left by a killed run does) or if nothing is in it; else this throws, so that a wrong
 * name in the configuration cannot hurt. One at a time: the server's own lock sees to it.
 */
export async function withScratch<T>(server: Server, scratch: Scratch, body: () => Promise<T>): Promise<T> {
  const session = await server.open({ database: null });
  try {
    if (scratch.isUnlogged) await session.query('SET SESSION sql_log_bin = 0');
    await claim(session, scratch);
    await makeAnew(session, scratch);
    try {
      return await body();
    } finally {
      if (!scratch.keep) await drop(session, scratch.name);
      // A server gives the lock of a closed connection back a moment later, and the next trial would not wait for it.
      await session.query(`DO RELEASE_LOCK('${lockOf(scratch.name)}')`);
    }
  } finally {
    await session.close();
  }
}

/** True when nothing of somebody else's can be lost by making this database anew. */
export async function isFreeOrOurs(session: Session, name: string): Promise<boolean> {
  const marked = await session.query(
    `SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = '${SCRATCH_TABLE}'`,
    [name],
  );
  return marked.length > 0 || (await isEmpty(session, name));
}

/** A database that is not there is empty too. */
async function isEmpty(session: Session, name: string): Promise<boolean> {
  const [row] = await session.query<{ objects: string }>(
    `SELECT (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?)
          + (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ?)
          + (SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ?) AS objects`,
    [name, name, name],
  );
  return Number(row?.objects) === 0;
}

function lockOf(name: string): string {
  return `gateway_migrate.scratch.${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}

async function claim(session: Session, { name, purpose = 'rehearsal' }: Scratch): Promise<void> {
  const [row] = await session.query<{ got: number | null }>(`SELECT GET_LOCK('${lockOf(name)}', 0) AS got`);
  if (Number(row?.got) !== 1) {
    throw refusal(`another ${purpose} uses the database ${name}`, 'the same command again, when it has ended');
  }
  if (await isFreeOrOurs(session, name)) return;
  throw refusal(
    `the database ${name} is not empty, and this tool did not make it: it is left alone`,
    'name another one in rehearsal.database of the configuration',
  );
}

async function makeAnew(session: Session, { name, charset, collation, purpose = 'rehearsal' }: Scratch): Promise<void> {
  try {
    await drop(session, name);
    await session.query(`CREATE DATABASE ${quoteName(name)} CHARACTER SET ${charset} COLLATE ${collation}`);
    await session.query(`CREATE TABLE ${quoteQualified(name, SCRATCH_TABLE)} (id INT PRIMARY KEY)`);
  } catch (error) {
    const [user] = await session.query<{ name: string }>('SELECT CURRENT_USER() AS name');
    const account = (user?.name ?? '').replace(/^(.*)@(.*)$/s, "'$1'@'$2'");
    const pattern = quoteName(name.replace(/[_%\\]/g, '\\$&'));
    throw refusal(
      `the database ${name} cannot be made for the ${purpose}: ${messageOf(error)}`,
      `GRANT ALL ON ${pattern}.* TO ${account}${purpose === 'proof' ? '' : '; or the same command with --skip-rehearsal'}`,
    );
  }
}

async function drop(session: Session, name: string): Promise<void> {
  // Without it MySQL refuses tables that another database refers to.
  await session.query('SET SESSION foreign_key_checks = 0');
  await session.query(`DROP DATABASE IF EXISTS ${quoteName(name)}`);
}
