import type { RunPatiently } from '../exchange/stored-objects.ts';
import type { Server, Session } from '../mysql/connect.ts';
import { isAtLeast } from '../mysql/flavor.ts';
import { quoteQualified } from '../mysql/quote.ts';
import type { ReturnPlace } from './return-sql.ts';

/** Lets AUTO_INCREMENT of these tables go on where it stood when they were saved: no id is given a second time. */
export async function continueCounters(
  tables: readonly string[],
  place: ReturnPlace,
  { server, session }: { readonly server: Server; readonly session: Session },
  run: RunPatiently,
): Promise<void> {
  // MySQL 8 answers from a cache that is up to a day old.
  if (server.flavor.kind === 'mysql' && isAtLeast(server.flavor, 8)) {
    await session.query('SET SESSION information_schema_stats_expiry = 0');
  }
  const [saved, present] = [await read(session, place.saved), await read(session, place.present)];
  for (const table of tables) {
    const [before, now] = [saved.get(table), present.get(table)];
    if (before === undefined || now === undefined || before <= now) continue;
    await run(`ALTER TABLE ${quoteQualified(place.present, table)} AUTO_INCREMENT = ${before}`);
  }
}

/** As BIGINT UNSIGNED counts. */
async function read(session: Session, database: string): Promise<Map<string, bigint>> {
  const rows = await session.query<{ name: string; next: string | number }>(
    `SELECT TABLE_NAME AS name, AUTO_INCREMENT AS next FROM information_schema.TABLES
     WHERE TABLE_SCHEMA = ? AND AUTO_INCREMENT IS NOT NULL`,
    [database],
  );
  return new Map(rows.map((row) => [row.name, BigInt(row.next)]));
}
