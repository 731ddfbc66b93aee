import type { Server, Session } from '../../mysql/connect.ts';
import { quoteName } from '../../mysql/quote.ts';
import type { Check } from '../../run/check.ts';

/** Its checks' group. */
export const STORED_PROGRAMS = 'stored programs';

/**
 * Triggers and events of one statement that were made over a connection that sends several in one packet (dbmate,
 * golang-migrate): MySQL keeps the semicolon as part of them, and mysqldump puts it into a comment, where no server takes it.
 * A backup of ours leaves it out.
 */
export async function checkSemicolons(parts: { readonly server: Server; readonly session: Session }): Promise<Check[]> {
  const { database } = parts.server.target;
  const found = await parts.session.query<{ kind: string; name: string }>(
    `SELECT 'trigger' AS kind, trigger_name AS name FROM information_schema.triggers
      WHERE trigger_schema = ? AND action_statement LIKE '%;'
     UNION ALL SELECT 'event', event_name FROM information_schema.events
      WHERE event_schema = ? AND event_definition LIKE '%;'
     ORDER BY 1 DESC, 2`,
    [database, database],
  );
  return found.map(({ kind, name }) => ({
    group: STORED_PROGRAMS,
    name: `${kind} ${name}`,
    ok: false,
    level: 'warning',
    detail: 'keeps the semicolon that ended it, so no server loads what mysqldump writes of it; a backup of ours loads',
    remedy: `SHOW CREATE ${kind.toUpperCase()} ${quoteName(name)}, drop it, and make it again as one statement without the last semicolon`,
  }));
}

/**
 * mysqldump and mariadb-dump look for a delimiter that an event's text does not hold, and count the wrong way: an event with
 * two semicolons side by side, in a comment or a text, has them search for ever (client/mysqldump.cc, create_delimiter).
 */
export async function checkEndlessEvents(parts: {
  readonly server: Server;
  readonly session: Session;
}): Promise<Check[]> {
  const found = await parts.session.query<{ name: string }>(
    `SELECT event_name AS name FROM information_schema.events WHERE event_schema = ?
      AND CONCAT(event_definition, ' ', event_comment, ' ', event_name) LIKE '%;;%' ORDER BY event_name`,
    [parts.server.target.database],
  );
  return found.map(({ name }) => ({
    group: STORED_PROGRAMS,
    name: `event ${name}`,
    ok: false,
    level: 'error',
    detail: 'has ;; in its text or comment, at which the dump program of the server searches for ever',
    remedy: `SHOW CREATE EVENT ${quoteName(name)}, drop it, and make it again without ;;`,
  }));
}
