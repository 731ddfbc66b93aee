import type { Session } from '../../mysql/connect.ts';
import { quoteName } from '../../mysql/quote.ts';

/**
 * The statement that makes a trigger at its place among those that fire at the same moment: SHOW CREATE TRIGGER leaves FOLLOWS and
 * PRECEDES out, so that a trigger that is made again by it alone would fire last.
 */
export async function placedTrigger(session: Session, database: string, name: string, text: string): Promise<string> {
  const rows = await session.query<{ name: string }>(
    `SELECT o.TRIGGER_NAME AS name FROM information_schema.TRIGGERS t JOIN information_schema.TRIGGERS o
         ON o.TRIGGER_SCHEMA = t.TRIGGER_SCHEMA AND o.EVENT_OBJECT_TABLE = t.EVENT_OBJECT_TABLE
        AND o.ACTION_TIMING = t.ACTION_TIMING AND o.EVENT_MANIPULATION = t.EVENT_MANIPULATION
      WHERE t.TRIGGER_SCHEMA = ? AND t.TRIGGER_NAME = ? ORDER BY o.ACTION_ORDER`,
    [database, name],
  );
  const at = rows.findIndex((row) => row.name === name);
  const [before, after] = [rows[at - 1], rows[at + 1]];
  // The last one comes to be the last by itself.
  if (at === -1 || !after) return text;
  const place = before ? `FOLLOWS ${quoteName(before.name)}` : `PRECEDES ${quoteName(after.name)}`;
  return text.replace(/\bFOR\s+EACH\s+ROW\b/i, (words) => `${words} ${place}`);
}
