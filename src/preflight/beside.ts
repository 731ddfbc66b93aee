import { statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Manifest } from '../backup/file/manifest.ts';
import type { Server, Session } from '../mysql/connect.ts';
import { type Check, fails, holds, warns } from '../run/check.ts';

const GROUP = 'restore';

/**
 * Whether a second database, or these tables of one, fit beside production, and whether production's can leave their
 * place. Reads only.
 */
export async function checkBeside(server: Server, manifest: Manifest, tables?: readonly string[]): Promise<Check[]> {
  const session = await server.open();
  const isMeant = (name: string) => tables === undefined || tables.includes(name);
  const ofTables = manifest.tables.filter(({ name }) => isMeant(name)).reduce((sum, one) => sum + one.rawBytes, 0);
  try {
    return [
      await checkReferences(session, server.target.database, isMeant),
      await checkSpace(session, tables === undefined ? manifest.rawBytes : ofTables),
    ];
  } finally {
    await session.close();
  }
}

/** Whether a copy of the database that a backup holds fits beside production, with the rows of its tables once more. */
export async function checkCopyFits(server: Server, { rawBytes }: Manifest): Promise<Check> {
  const session = await server.open();
  try {
    return await checkSpace(session, rawBytes * 2);
  } finally {
    await session.close();
  }
}

/** A foreign key follows its parent: one of another database would lead to the tables that are kept, not to the restored. */
async function checkReferences(
  session: Session,
  database: string,
  isMeant: (table: string) => boolean,
): Promise<Check> {
  const all = await session.query<{ child: string; name: string; parent: string }>(
    `SELECT DISTINCT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) AS child, CONSTRAINT_NAME AS name, REFERENCED_TABLE_NAME AS parent
     FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_SCHEMA = ? AND TABLE_SCHEMA <> ?`,
    [database, database],
  );
  const rows = all.filter(({ parent }) => isMeant(parent));
  const about = { group: GROUP, name: 'foreign keys of other databases' };
  if (rows.length === 0) return holds({ ...about, detail: `none leads into ${database}` });
  const named = rows.map((row) => `${row.child} (${row.name} → ${row.parent})`).join(', ');
  return fails({
    ...about,
    detail: `${named}: they would follow the tables that the restore moves away`,
    remedy: 'ALTER TABLE … DROP FOREIGN KEY … there, restore, and add them again',
  });
}

/** Known only where the server's folder is on this machine. The rows of a dump take about as much room as the loaded tables. */
async function checkSpace(session: Session, neededBytes: number): Promise<Check> {
  const about = { group: GROUP, name: 'room beside production' };
  const [row] = await session.query<{ dir: string; host: string }>('SELECT @@datadir AS dir, @@hostname AS host');
  const free =
    row?.host === hostname()
      ? await statfs(row.dir).then(
          ({ bavail, bsize }) => bavail * bsize,
          () => undefined,
        )
      : undefined;
  if (free === undefined)
    return holds({ ...about, detail: `${megabytes(neededBytes)} needed; what is free is not known here` });
  const detail = `${megabytes(free)} free in ${row?.dir}, ${megabytes(neededBytes)} needed`;
  if (free >= neededBytes) return holds({ ...about, detail });
  return warns({
    ...about,
    detail,
    remedy:
      'gateway-migrate backup prune drops what earlier restores kept; --in-place too keeps what is there, and needs as much',
  });
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_000_000)} MB`;
}
