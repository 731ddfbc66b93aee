import type { HistoryRow } from '../../migrations/history-row.ts';
import type { LockedTable } from '../../plan/step.ts';
import type { Standing } from '../../preflight/standing.ts';
import { readSnapshot } from '../../schema/snapshot.ts';
import { readNotedMigrations } from '../../statements/applied.ts';
import { lockedTables } from '../../statements/locks/locked-tables.ts';

/** Tables whose locks the way back needs: by the down sections, and of what was cut off also by what takes back its statements. */
export async function locksOnTheWayBack(rows: readonly HistoryRow[], standing: Standing): Promise<LockedTable[]> {
  const { server, modes } = standing;
  const noted = readNotedMigrations(rows, modes);
  const statements = rows.flatMap(({ version, state }) => {
    const migration = noted.get(version);
    return [...(migration?.down ?? []), ...(state === 'applied' ? [] : (migration?.up ?? []))];
  });
  if (statements.length === 0) return [];
  const session = await server.open();
  try {
    return lockedTables(statements, await readSnapshot(session, server.target.database), server.flavor);
  } finally {
    await session.close();
  }
}
