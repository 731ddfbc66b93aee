import type { Session } from '../../src/mysql/connect.ts';
import { quoteName } from '../../src/mysql/quote.ts';

/** Megabytes of rows, roughly; BENCH_MEGABYTES in the environment wins. */
export const MEGABYTES = Number(process.env.BENCH_MEGABYTES) || 200;

const TABLES = 8;
/** What one row takes in a dump. */
const ROW_BYTES = 230;
const ROWS_AT_ONCE = 2_000;

/** Eight tables of calls: half of the bytes in one of them, each with a parent, three indexes and a unique one. */
export async function fillBulk(session: Session, database: string, megabytes = MEGABYTES): Promise<void> {
  await session.query(`DROP DATABASE IF EXISTS ${quoteName(database)}`);
  await session.query(`CREATE DATABASE ${quoteName(database)} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
  await session.query(`USE ${quoteName(database)}`);
  await session.query('CREATE TABLE firms (id BIGINT UNSIGNED PRIMARY KEY, name VARCHAR(80))');
  await session.query(`INSERT INTO firms VALUES ${Array.from({ length: 100 }, (_, id) => `(${id}, 'Firm ${id}')`)}`);
  for (let table = 0; table < TABLES; table++) {
    await session.query(`CREATE TABLE calls_${table} (
      id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, firm BIGINT UNSIGNED NOT NULL, phone VARCHAR(40) NOT NULL,
      began DATETIME NOT NULL, token CHAR(64) CHARACTER SET ascii NOT NULL, note VARCHAR(200),
      UNIQUE KEY token (token), KEY firm_began (firm, began), KEY phone (phone), KEY note (note(40)),
      CONSTRAINT calls_${table}_firm FOREIGN KEY (firm) REFERENCES firms (id) ON DELETE CASCADE)`);
    const share = table === 0 ? 0.5 : 0.5 / (TABLES - 1);
    const rows = Math.round((megabytes * 1e6 * share) / ROW_BYTES);
    for (let done = 0; done < rows; done += ROWS_AT_ONCE) {
      await session.query(
        `INSERT INTO calls_${table} (firm, phone, began, token, note) ${randomRows(Math.min(ROWS_AT_ONCE, rows - done))}`,
      );
    }
  }
}

/** Made by the server from a sequence of numbers, so that little text travels. */
function randomRows(count: number): string {
  const digits =
    'SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9';
  return `SELECT FLOOR(RAND() * 100), CONCAT('+49 ', FLOOR(RAND() * 1e12)), '2026-01-01' + INTERVAL FLOOR(RAND() * 3e7) SECOND,
    SHA2(CONCAT(RAND(), UUID()), 256), CONCAT('about ', SHA2(RAND(), 256), ' and so on, until it was settled')
    FROM (${digits}) a, (${digits}) b, (${digits}) c, (${digits}) d LIMIT ${count}`;
}
