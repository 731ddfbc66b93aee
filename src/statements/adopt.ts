import type { Migration } from '../migrations/types.ts';
import type { Server } from '../mysql/connect.ts';
import { noteBegun, readTextLimit } from './history.ts';
import { sqlOf } from './write.ts';

/** Notes migrations as adopted, all or none. One statement each: their texts together may be more than a packet holds. */
export async function adoptAll(migrations: readonly Migration[], run: string, server: Server): Promise<void> {
  const session = await server.open();
  try {
    const textLimit = await readTextLimit(session);
    await session.query('START TRANSACTION');
    for (const migration of migrations) await session.query(sqlOf(noteBegun(migration, run, 'adopted', textLimit)));
    await session.query('COMMIT');
  } finally {
    await session.close();
  }
}
