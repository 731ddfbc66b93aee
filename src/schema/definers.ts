import type { Session } from '../mysql/connect.ts';

/** Whom the views, triggers, routines and events of a database belong to: `user@host`, each once. */
export async function readDefiners(session: Session, database: string): Promise<string[]> {
  const rows = await session.query<{ definer: string }>(
    `SELECT definer AS definer FROM information_schema.views WHERE table_schema = ?
     UNION SELECT definer FROM information_schema.triggers WHERE trigger_schema = ?
     UNION SELECT definer FROM information_schema.routines WHERE routine_schema = ?
     UNION SELECT definer FROM information_schema.events WHERE event_schema = ?`,
    [database, database, database, database],
  );
  return rows.map(({ definer }) => definer);
}
