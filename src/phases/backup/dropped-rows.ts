import type { Context } from '../../context.ts';
import { readAlterActions } from '../../migrations/sql/alter-actions.ts';
import { Tokens } from '../../migrations/sql/tokens.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import { quoteName } from '../../mysql/quote.ts';
import { splitId } from '../../schema/snapshot.ts';
import { readTableNames } from '../../schema/tables.ts';
import type { StatementParts } from '../migrate/statement-parts.ts';
import { findWaysBack, type Undoing, waitForDeadClients } from '../migrate/ways-back.ts';

/**
 * Tables of which the way back of this run drops rows or values that nothing makes again: those that it drops, unless they
 * hold just the rows that the migrations wrote out, and those that lose a column which the migrations filled. Nothing is
 * saved of a table that only gets its old shape back. Throws `NoWayBack` where there is none.
 */
export async function findDroppedRows(ofRun: string, parts: StatementParts, context: Context): Promise<string[]> {
  await waitForDeadClients([ofRun], context);
  const session = await context.server.open();
  try {
    const { undoings } = await findWaysBack({ ofRun, versions: 'all' }, parts, session, context);
    const present = await readTableNames(session, context.server.target.database);
    const names = new Set<string>();
    for (const { migration, statements } of undoings) {
      for (const name of statements.flatMap(droppedBy))
        if (await holdsOwnRows(name, undoings, session)) names.add(name);
      for (const name of statements.flatMap(narrowedBy))
        if (migration.up.some((one) => fills(one, name))) names.add(name);
    }
    return [...names].filter((name) => present.has(name));
  } finally {
    await session.close();
  }
}

function droppedBy({ touches }: Statement): string[] {
  const dropped = touches.filter(
    ({ action, object, schema }) => action === 'drop' && schema === undefined && object.startsWith('table:'),
  );
  return dropped.map(({ object }) => splitId(object)[1]);
}

/** Tables of which it drops a column. */
function narrowedBy({ verb, text, touches }: Statement): string[] {
  const [touch] = touches;
  if (verb !== 'ALTER TABLE' || !touch?.object.startsWith('table:')) return [];
  const drops = readAlterActions(text).some(({ type }) => type === 'other');
  return drops && /\bDROP\b/i.test(text) ? [splitId(touch.object)[1]] : [];
}

function fills({ kind, writes }: Statement, table: string): boolean {
  return kind === 'opaque' || (kind === 'dml' && writes.some((name) => name === table));
}

/** False when it is empty, or holds as many rows as the migrations' own VALUES have put there. */
async function holdsOwnRows(table: string, undoings: readonly Undoing[], session: Session): Promise<boolean> {
  const [found] = await session
    .query<{ n: number | string }>(`SELECT COUNT(*) AS n FROM ${quoteName(table)}`)
    .catch(() => [{ n: 0 }]);
  const written = undoings.flatMap(({ migration, rows }) =>
    rows
      .filter(({ state, ordinal }) => state === 'done' && isWrittenOut(migration.up[ordinal - 1], table))
      .map((row) => row.rows ?? 0),
  );
  return Number(found?.n) !== 0 && Number(found?.n) !== written.reduce((sum, rows) => sum + rows, 0);
}

function isWrittenOut(statement: Statement | undefined, table: string): boolean {
  if (statement?.verb !== 'INSERT' || !statement.writes.includes(table)) return false;
  const tokens = new Tokens(statement.text);
  return tokens.seek('VALUES', 'VALUE', 'SELECT') && tokens.keyword() !== 'SELECT';
}
