import type { HistoryRow } from '../../migrations/history-row.ts';
import type { Statement } from '../../migrations/types.ts';
import { readFollowing } from '../../phases/backup/dropped-rows.ts';
import { withFollowers } from '../../phases/backup/taken-away.ts';
import type { Standing } from '../../preflight/standing.ts';
import { readTableNames } from '../../schema/tables.ts';
import { readNotedMigrations } from '../../statements/applied.ts';

/**
 * Tables of which the way back takes something away, and that exist: their rows are saved first, whole. What the
 * migrations made or changed, whatever the down sections touch, and what those delete rows of, with the tables whose
 * rows follow by ON DELETE CASCADE or SET NULL.
 */
export async function readTablesThatGo(rows: readonly HistoryRow[], { server, modes }: Standing): Promise<string[]> {
  const noted = [...readNotedMigrations(rows, modes).values()];
  const { database } = server.target;
  const session = await server.open();
  try {
    const present = await readTableNames(session, database);
    const emptied = noted.flatMap(({ down }) => down.flatMap(emptiedBy)).filter((name) => present.has(name));
    const names = [
      ...noted.flatMap(({ up, down }) => [...up, ...down].flatMap(touchedBy)),
      ...emptied,
      ...(emptied.length > 0 ? withFollowers(emptied, await readFollowing(session, database)) : []),
    ];
    return [...new Set(names)].filter((name) => present.has(name));
  } finally {
    await session.close();
  }
}

function touchedBy({ touches }: Statement): string[] {
  const ids = touches.map((touch) => touch.to ?? touch.object).filter((id) => id.startsWith('table:'));
  return ids.map((id) => id.slice('table:'.length));
}

/** Best effort: of a DELETE over several tables the names may be too many. */
function emptiedBy({ verb, writes }: Statement): string[] {
  if (!/^(?:DELETE|REPLACE|TRUNCATE)\b/.test(verb)) return [];
  return writes.map((name) => name.slice(name.lastIndexOf('.') + 1));
}
