import type { Server } from '../../mysql/connect.ts';

/** What stands beside the clone on its server: names of tables, views and routines by database, all in lower case. */
export type Neighbours = ReadonlyMap<string, ReadonlySet<string>>;

/** As far as the account may see them. The server's own databases are only read. */
export async function readNeighbours(server: Server): Promise<Neighbours> {
  const session = await server.open({ database: null });
  try {
    const rows = await session.query<{ place: string; name: string }>(
      `SELECT TABLE_SCHEMA AS place, TABLE_NAME AS name FROM information_schema.TABLES
       WHERE TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema', 'sys')
       UNION ALL SELECT ROUTINE_SCHEMA, ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA <> 'sys'`,
    );
    const neighbours = new Map<string, Set<string>>();
    for (const { place, name } of rows) {
      const database = place.toLowerCase();
      if (database === server.target.database.toLowerCase()) continue;
      const names = neighbours.get(database) ?? new Set();
      neighbours.set(database, names.add(name.toLowerCase()));
    }
    return neighbours;
  } finally {
    await session.close();
  }
}

const NAME = '(?:`((?:[^`]|``)+)`|([\\w$]+))';
const QUALIFIED = new RegExp(`(?<![\\w$\`.])${NAME}\\s*\\.\\s*${NAME}`, 'g');
const WRITTEN = new RegExp(
  `(?:\\bINTO|(?<!\\bKEY\\s+)\\bUPDATE|\\bDELETE\\s+FROM|\\bTRUNCATE(?:\\s+TABLE)?|\\bCALL)\\s+${NAME}\\s*\\.\\s*${NAME}`,
  'gi',
);

/**
 * The other database in which a view or stored program would act: it names something that is there, or writes to what this
 * account cannot see (its definer may). An alias of that name is no database.
 */
export function neighbourNamedIn(text: string, neighbours: Neighbours, clone: string): string | undefined {
  for (const [, quoted, plain, quotedName, plainName] of text.matchAll(QUALIFIED)) {
    const database = quoted ?? plain ?? '';
    if (neighbours.get(database.toLowerCase())?.has((quotedName ?? plainName ?? '').toLowerCase())) return database;
  }
  for (const [, quoted, plain] of text.matchAll(WRITTEN)) {
    const database = quoted ?? plain ?? '';
    if (!['new', 'old', clone.toLowerCase()].includes(database.toLowerCase())) return database;
  }
  return undefined;
}
