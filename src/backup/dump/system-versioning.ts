import type { Server, Session } from '../../mysql/connect.ts';
import { type Flavor, isAtLeast } from '../../mysql/flavor.ts';

/** MariaDB's system-versioned tables, which keep rows that were changed or deleted. */
export interface VersionedTables {
  readonly names: readonly string[];
  /** Why their past rows cannot be part of a backup; undefined when they are. */
  readonly noHistoryBecause: string | undefined;
}

/** `dumper`: what writes the backup. */
export async function readVersioned(server: Server, session: Session, dumper: Flavor): Promise<VersionedTables> {
  if (server.flavor.kind !== 'mariadb') return { names: [], noHistoryBecause: undefined };
  const rows = await session.query<{ name: string; isPrecise: number }>(
    `SELECT t.TABLE_NAME AS name, EXISTS (SELECT 1 FROM information_schema.COLUMNS c
        WHERE c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME
          AND c.GENERATION_EXPRESSION = 'ROW START' AND c.DATA_TYPE = 'bigint') AS isPrecise
       FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = ? AND t.TABLE_TYPE = 'SYSTEM VERSIONED' ORDER BY name`,
    [server.target.database],
  );
  const names = rows.map(({ name }) => name);
  const precise = rows.filter(({ isPrecise }) => Number(isPrecise) === 1).map(({ name }) => name);
  if (names.length === 0) return { names, noHistoryBecause: undefined };
  // The dump program stops at such a table when it is asked for history.
  if (precise.length > 0) return { names, noHistoryBecause: `${precise.join(', ')} is versioned by transaction` };
  // Since MDEV-16029.
  if (!isAtLeast(dumper, 10, 11)) return { names, noHistoryBecause: `${dumper.label} cannot dump it (10.11 can)` };
  const [row] = await session.query<{ secure: string }>('SELECT @@secure_timestamp AS secure');
  const isFree = row?.secure === 'NO';
  return { names, noHistoryBecause: isFree ? undefined : `secure_timestamp is ${row?.secure}: it could not be loaded` };
}

/** All rows that a table has, past ones too. */
export function withPast(quotedTable: string, name: string, versioned: readonly string[]): string {
  return versioned.includes(name) ? `${quotedTable} FOR SYSTEM_TIME ALL` : quotedTable;
}
