import { readIdentity } from '../../backup/dump/source.ts';
import type { Destination } from '../../backup/file/origin.ts';
import type { Config } from '../../config/config.ts';
import { connect, type Server } from '../../mysql/connect.ts';

/** The server and the database that backups would be put into. */
export async function readDestination(server: Server): Promise<Destination> {
  const session = await server.open({ database: null });
  try {
    return { server: await readIdentity(server, session), database: server.target.database };
  } finally {
    await session.close();
  }
}

/** The same where the server need not be there: undefined then. */
export async function findDestination({ database }: Pick<Config, 'database'>): Promise<Destination | undefined> {
  try {
    return await readDestination(await connect(database, { database: null }));
  } catch {
    return undefined;
  }
}
