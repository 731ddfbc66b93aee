import type { Session } from '../../mysql/connect.ts';

/** Laravel's table of migrations when it is wanted and there: `artisan migrate:status` stays true. */
export async function laravelTableIn(session: Session, table: string | null): Promise<string | undefined> {
  if (table === null) return undefined;
  const columns = await session.query<{ name: string }>(
    `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND COLUMN_NAME IN ('migration', 'batch')`,
    [table],
  );
  return columns.length === 2 ? table : undefined;
}
