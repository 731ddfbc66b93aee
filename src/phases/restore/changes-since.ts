import type { HistoryRow } from '../../migrations/history-row.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Server, Session } from '../../mysql/connect.ts';
import { quoteName } from '../../mysql/quote.ts';
import { diffObject } from '../../schema/diff.ts';
import type { ObjectId, Snapshot } from '../../schema/types.ts';
import { readModes, readNotedMigrations } from '../../statements/applied.ts';
import { readHistory } from '../../statements/history.ts';

interface Compared {
  readonly tables: readonly string[];
  readonly present: Snapshot;
  /** Where the backup's tables were loaded, with its history. */
  readonly loaded: Snapshot;
  /** The statements that make the backup's triggers on them. */
  readonly triggers: string;
}

export interface ChangesSince {
  /** What migrations have done to the tables and would be lost: a sentence a table. */
  readonly missed: readonly string[];
  /** Tables that differ though no migration has changed them: a sentence each. */
  readonly unexplained: readonly string[];
}

/**
 * Compares the tables with what stands in production. Which migrations lie between, the two histories tell: the one that
 * was backed up, and the present one. No clock is asked.
 */
export async function readChangesSince(
  { tables, present, loaded, triggers }: Compared,
  server: Server,
  session: Session,
): Promise<ChangesSince> {
  const since = await readSince(server, session, loaded.database);
  const missed: string[] = [];
  const unexplained: string[] = [];
  for (const table of tables) {
    const id: ObjectId = `table:${table}`;
    const there = present.objects.get(id);
    const lines = there === undefined ? [] : (diffObject(id, loaded.objects.get(id), there)?.lines ?? []);
    const names = since.filter(({ statements }) => statements.some(touches(id))).map(({ name }) => name);
    const told = lines.length > 0 ? ` (${lines.join(', ')})` : '';
    // One that was taken back by hand, or by the accident, has left nothing that could be missed.
    if (names.length > 0 && (there === undefined || lines.length > 0)) {
      missed.push(`${table} by ${names.join(', ')}${told}`);
    } else if (lines.length > 0) {
      unexplained.push(`${table} is not as it was backed up, and no migration has changed it${told}`);
    }
  }
  const ofTriggers = since.filter(({ statements }) => statements.some(changesTrigger(tables, triggers)));
  if (ofTriggers.length > 0) missed.push(`their triggers by ${ofTriggers.map(({ name }) => name).join(', ')}`);
  return { missed, unexplained };
}

function touches(id: ObjectId): (statement: Statement) => boolean {
  return (statement) => statement.touches.some(({ object, to }) => object === id || to === id);
}

/** Makes one on a table of ours, or drops one that the backup brings back. */
function changesTrigger(tables: readonly string[], arriving: string): (statement: Statement) => boolean {
  return ({ text, touches }) =>
    touches.some(({ object, action }) => {
      if (!object.startsWith('trigger:')) return false;
      if (action === 'drop') return arriving.includes(`TRIGGER ${quoteName(object.slice('trigger:'.length))} `);
      const table = /\bON\s+(?:(?:`(?:[^`]|``)+`|[^\s.`]+)\s*\.\s*)?(`(?:[^`]|``)+`|[^\s`]+)/i.exec(text)?.[1] ?? '';
      return tables.some((name) => name === table || quoteName(name) === table);
    });
}

interface MigrationSince {
  readonly name: string;
  readonly statements: readonly Statement[];
}

/** Migrations that one of the two histories knows and the other does not: applied since, or undone since. */
async function readSince(server: Server, session: Session, side: string): Promise<MigrationSince[]> {
  const besideSession = await server.open({ database: side });
  try {
    const [then, now] = [
      await readHistory(besideSession, { withText: true }),
      await readHistory(session, { withText: true }),
    ];
    const rows = [...without(now, then), ...without(then, now)].filter(({ state }) => state !== 'adopted');
    const noted = readNotedMigrations(rows, await readModes(session));
    return rows.map(({ version, name }) => ({
      name: `${version}_${name}`,
      statements: noted.get(version)?.up ?? [],
    }));
  } finally {
    await besideSession.close();
  }
}

function without(rows: readonly HistoryRow[], others: readonly HistoryRow[]): HistoryRow[] {
  const known = new Set(others.map(({ version }) => version));
  return rows.filter(({ version }) => !known.has(version));
}
