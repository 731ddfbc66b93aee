import { readAfterTables } from '../backup/file/sections.ts';
import { definersIn, nobodiesIn } from '../backup/load/definers.ts';
import type { BackupToProve } from '../backup/proof/place.ts';
import type { LexicalModes } from '../migrations/sql/lexer.ts';
import { Tokens, unquote } from '../migrations/sql/tokens.ts';
import type { Session } from '../mysql/connect.ts';
import { readDefiners } from '../schema/definers.ts';

/**
 * Makes the accounts that own a database's views, routines, triggers and events, on a private server. MySQL marks a view
 * of nobody as broken when its table is altered, for good, and a dump stops at it.
 */
export async function makeDefiners(session: Session, database: string): Promise<void> {
  await makeAccounts(session, await readDefiners(session, database));
}

/** Each as `user@host`, with every privilege: what one of them owns can do there what it does in production. */
export async function makeAccounts(session: Session, definers: readonly string[]): Promise<void> {
  for (const definer of definers) {
    const at = definer.lastIndexOf('@');
    await makeAccount(session, definer.slice(0, at), definer.slice(at + 1));
  }
}

/** The same for the owner that one statement names (`CREATE DEFINER=user@host …`). */
export async function makeDefinerOf(session: Session, text: string, modes: LexicalModes): Promise<void> {
  const tokens = new Tokens(text, modes);
  if (!tokens.seek('DEFINER') || !tokens.take('DEFINER', '=')) return;
  const [user, at, host] = [tokens.next(), tokens.next(), tokens.next()];
  if (user && host && at?.keyword === '@') await makeAccount(session, nameOf(user), nameOf(host));
}

/**
 * Before a backup is loaded into a private server, makes the accounts that own its views and routines. A view that asks another
 * one's view or function cannot be made without the owner of that; and MariaDB prints a view of nobody in another way, so
 * that whoever was nobody in production is nobody here. A file that cannot be read is told by the load.
 */
export async function makeOwners({ file, manifest }: BackupToProve, session: Session): Promise<void> {
  if (manifest.objects.view.length === 0) return;
  const text = await readAfterTables(file, manifest).then(String, () => '');
  const nobodies = new Set(nobodiesIn(text));
  for (const definer of definersIn(text)) {
    if (!nobodies.has(definer)) await makeDefinerOf(session, definer, AS_DUMPED);
  }
}

/** A dump names them in backticks. */
const AS_DUMPED: LexicalModes = { ansiQuotes: false, noBackslashEscapes: false };

function nameOf(token: Parameters<typeof unquote>[0]): string {
  return token.kind === 'string' ? token.text.slice(1, -1).replaceAll("''", "'") : unquote(token);
}

async function makeAccount(session: Session, user: string, host: string): Promise<void> {
  const [name, place] = [user, host].map((part) => `'${part.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`);
  await session.query(`CREATE USER IF NOT EXISTS ${name}@${place}`);
  await session.query(`GRANT ALL ON *.* TO ${name}@${place}`);
}
