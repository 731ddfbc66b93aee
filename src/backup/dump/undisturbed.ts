import type { Context } from '../../context.ts';
import type { Session } from '../../mysql/connect.ts';
import type { Manifest } from '../file/manifest.ts';
import { findLoggedDdl } from './logged-ddl.ts';
import { changesOf, readStanding, type Standing } from './standing.ts';

/** Somebody ran DDL while a database was dumped: what was read is of no one moment. */
export class Disturbed extends Error {
  override readonly name = 'Disturbed';
}

/** Once more, from the beginning; DDL that runs into that as well is thrown. */
export async function twiceIfDisturbed<T>({ server, report }: Context, body: () => Promise<T>): Promise<T> {
  const { database } = server.target;
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof Disturbed)) throw error;
    const text = `${database} is dumped once more: ${error.message}`;
    report({ type: 'note', level: 'warning', text });
    return body();
  }
}

/**
 * Throws `Disturbed` when the database (or these tables of it) is not after the dump what it was before, whatever else
 * went wrong by that. A snapshot holds the rows still, not the definitions: each is read when its table's turn has come.
 */
export async function whileUndisturbed<T extends Pick<Manifest, 'position'>>(
  session: Session,
  context: Context,
  tables: readonly string[] | undefined,
  dump: (before: Standing) => Promise<T>,
): Promise<T> {
  const { database } = context.server.target;
  const before = await readStanding(session, database);
  const outcome = await dump(before).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  context.signal.throwIfAborted();
  const after = await readStanding(session, database).catch((error: unknown) => {
    throw 'error' in outcome ? outcome.error : error;
  });
  const changes = changesOf(before, after, tables);
  if (changes.length > 0) throw disturbedBy(changes.join(', '));
  if ('error' in outcome) throw outcome.error;
  if (before.ddlCount !== after.ddlCount) await requireNoLoggedDdl(outcome.value.position, session, context);
  return outcome.value;
}

/** Somebody may have changed something and changed it back. The server counts statements about every database. */
async function requireNoLoggedDdl(
  position: Manifest['position'],
  session: Session,
  { server, report }: Context,
): Promise<void> {
  const { database } = server.target;
  const found = position ? await findLoggedDdl(session, database, position) : undefined;
  if (found) throw disturbedBy(found);
  if (found === null) return;
  const text = `DDL ran on this server during the dump, and the binary log cannot be asked about what: ${database} is defined as it was before`;
  report({ type: 'note', level: 'warning', text });
}

function disturbedBy(what: string): Disturbed {
  return new Disturbed(`somebody changed the database while it was dumped: ${what}`);
}
