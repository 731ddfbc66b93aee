import { Tokens } from '../../migrations/sql/tokens.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import { quoteName } from '../../mysql/quote.ts';
import type { Snapshot } from '../../schema/types.ts';
import { readContents } from '../../statements/recovery/contents.ts';
import type { Undoing } from '../migrate/ways-back.ts';

/** A temporary table: no other connection sees it, and it goes with ours. */
const WRITTEN = 'gateway_migrate_written';
const LITERAL = /^(?:\d[\w.]*|NULL|TRUE|FALSE|DEFAULT)$/;

/**
 * Whether a table holds just the rows that the migrations write again. Their INSERTs are run once more, into a temporary table of the
 * same definition, and the two are compared, row for row. False where it cannot be told: INSERTs of anything but literals, rows
 * that something else has written, a default that tells the time, a missing right, a table too large to be compared.
 */
export async function areWrittenAgain(
  table: string,
  undoings: readonly Undoing[],
  snapshot: Snapshot,
  session: Session,
): Promise<boolean> {
  const inserts = insertsInto(table, undoings);
  if (inserts === undefined || inserts.length === 0) return false;
  const temporary = quoteName(WRITTEN);
  try {
    await session.execute(`DROP TEMPORARY TABLE IF EXISTS ${temporary}`);
    await session.execute(`CREATE TEMPORARY TABLE ${temporary} LIKE ${quoteName(table)}`);
    for (const insert of inserts) await session.execute(insert);
    const [there, written] = [
      await readContents(session, table, snapshot),
      await readContents(session, WRITTEN, snapshot, table),
    ];
    return there !== undefined && there === written;
  } catch {
    // Rows that cannot be told are saved.
    return false;
  } finally {
    await session.execute(`DROP TEMPORARY TABLE IF EXISTS ${temporary}`).catch(() => undefined);
  }
}

/** In the order in which they ran, into the temporary table. Undefined where another statement may have written there. */
function insertsInto(table: string, undoings: readonly Undoing[]): string[] | undefined {
  const inserts: string[] = [];
  for (const { migration, rows } of undoings.toReversed()) {
    for (const [index, statement] of migration.up.entries()) {
      if (!rows.some(({ state, ordinal }) => state === 'done' && ordinal === index + 1)) continue;
      if (statement.kind === 'opaque' || statement.kind === 'truncate') return undefined;
      if (!statement.writes.some((name) => name.slice(name.lastIndexOf('.') + 1) === table)) continue;
      const insert = literalInsert(statement);
      if (insert === undefined) return undefined;
      inserts.push(insert);
    }
  }
  return inserts;
}

/** PURE: the same INSERT into `WRITTEN`; undefined for any but one of literals, which does the same whenever it runs. */
export function literalInsert({ text, verb }: Pick<Statement, 'text' | 'verb'>): string | undefined {
  if (verb !== 'INSERT') return undefined;
  const tokens = new Tokens(text);
  tokens.take('INSERT');
  tokens.take('INTO');
  const start = tokens.peek()?.start;
  tokens.name();
  const end = tokens.peek()?.start;
  if (start === undefined || end === undefined) return undefined;
  if (tokens.keyword() === '(') tokens.skipParentheses();
  if (!tokens.take('VALUES') && !tokens.take('VALUE')) return undefined;
  for (let token = tokens.next(); token; token = tokens.next()) {
    const isLiteral =
      token.kind === 'string' || (token.kind === 'word' ? LITERAL.test(token.keyword) : /^[-+.(),]$/.test(token.text));
    if (!isLiteral) return undefined;
  }
  return `${text.slice(0, start)}${quoteName(WRITTEN)} ${text.slice(end)}`;
}
