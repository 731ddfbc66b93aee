import type { LexicalModes } from '../migrations/lexer.ts';
import { Tokens, unquote } from '../migrations/tokens.ts';
import type { Session } from '../mysql/connect.ts';
import { readDefiners } from '../schema/definers.ts';

/**
 * Makes the accounts that own a database's views, routines, triggers and events, on a private server. MySQL marks a view
 * of nobody as broken when its table is altered, for good, and a dump stops at it.
 */
export async function makeDefiners(session: Session, database: string): Promise<void> {
  for (const definer of await readDefiners(session, database)) {
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

function nameOf(token: Parameters<typeof unquote>[0]): string {
  return token.kind === 'string' ? token.text.slice(1, -1).replaceAll("''", "'") : unquote(token);
}

async function makeAccount(session: Session, user: string, host: string): Promise<void> {
  const [name, place] = [user, host].map((part) => `'${part.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`);
  await session.query(`CREATE USER IF NOT EXISTS ${name}@${place}`);
  await session.query(`GRANT ALL ON *.* TO ${name}@${place}`);
}
