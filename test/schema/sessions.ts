import { connect, type Session } from '../../src/mysql/connect.ts';
import type { TestServer } from '../support/servers.ts';

/** Runs statements one after another, as a client of the user would. */
export async function runAll(server: TestServer, database: string, statements: readonly string[]): Promise<void> {
  const session = await (await connect(server.target(database))).open({ purpose: 'migration' });
  try {
    for (const statement of statements) await session.execute(statement);
  } finally {
    await session.close();
  }
}

/** Opens a reading session for the time of `use`. */
export async function withSession<T>(
  server: TestServer,
  database: string,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await (await connect(server.target(database))).open();
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}
