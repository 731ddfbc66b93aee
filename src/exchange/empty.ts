import { readObjectNames, readTables } from '../backup/dump/source.ts';
import type { Server, Session } from '../mysql/connect.ts';
import { quoteQualified } from '../mysql/quote.ts';
import { dropStoredObjects } from './stored-objects.ts';

/** Drops all that a database holds, but for the tool's journal. */
export async function emptyDatabase(server: Server, session: Session): Promise<void> {
  const { database } = server.target;
  await dropStoredObjects(session, database, (sql) => session.execute(sql));
  const { sequence } = await readObjectNames(session, database);
  for (const name of sequence) await session.execute(`DROP SEQUENCE ${quoteQualified(database, name)}`);
  const tables = await readTables(server, session);
  if (tables.length === 0) return;
  await session.execute('SET SESSION foreign_key_checks = 0');
  await session.execute(`DROP TABLE ${tables.map(({ name }) => quoteQualified(database, name)).join(', ')}`);
}
