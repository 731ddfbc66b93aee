import type { HistoryRow } from '../../migrations/history-row.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
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
      ...(emptied.length > 0 ? followers(emptied, await readFollowing(session, database)) : []),
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

interface Following {
  readonly child: string;
  readonly parent: string;
}

/** PURE: tables that lose rows, or values, with those of others, however far away. */
function followers(tables: readonly string[], following: readonly Following[]): string[] {
  const reached = new Set(tables);
  for (const table of reached) {
    for (const { child, parent } of following) if (parent === table) reached.add(child);
  }
  return [...reached];
}

function readFollowing(session: Session, database: string): Promise<(Following & Record<string, unknown>)[]> {
  return session.query(
    `SELECT TABLE_NAME AS child, REFERENCED_TABLE_NAME AS parent FROM information_schema.REFERENTIAL_CONSTRAINTS
     WHERE CONSTRAINT_SCHEMA = ? AND UNIQUE_CONSTRAINT_SCHEMA = ? AND DELETE_RULE IN ('CASCADE', 'SET NULL')`,
    [database, database],
  );
}
