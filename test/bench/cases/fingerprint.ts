import { connect, type Session, type Target } from '../../../src/mysql/connect.ts';
import { readObjects, readSnapshot } from '../../../src/schema/snapshot.ts';

export interface FingerprintFigure {
  readonly server: string;
  readonly tables: number;
  /** The whole database, first read after the tables were made: the server's caches are as the making left them. */
  readonly firstMs: number;
  /** The whole database, median of all reads. */
  readonly medianMs: number;
  /** One table read on its own, median. */
  readonly oneTableMs: number;
}

/**
 * How long a fingerprint takes. Each database has the given number of tables of eight columns, with a primary key, two
 * indexes and a foreign key each. `target` needs the right to create and drop databases.
 */
export async function measureFingerprint(
  target: Target,
  sizes: readonly number[] = [200, 1_000],
  runs = 15,
): Promise<FingerprintFigure[]> {
  const server = await connect(target);
  const session = await server.open({ database: null });
  const figures: FingerprintFigure[] = [];
  try {
    for (const tables of sizes) {
      const database = `fingerprint_${tables}`;
      await createTables(session, database, tables);
      const whole = await timeRuns(runs, () => readSnapshot(session, database));
      const one = await timeRuns(runs, () => readObjects(session, database, ['table:t1']));
      const [firstMs = 0] = whole;
      const figure = { firstMs, medianMs: median(whole), oneTableMs: median(one) };
      figures.push({ server: server.flavor.label, tables, ...figure });
      await session.query(`DROP DATABASE ${database}`);
    }
  } finally {
    await session.close();
  }
  return figures;
}

/** Children first, the parent last: with foreign keys unchecked that is faster than the other way round. */
async function createTables(session: Session, database: string, tables: number): Promise<void> {
  await session.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
  await session.query('SET foreign_key_checks = 0');
  for (let index = 1; index < tables; index++) {
    await session.query(
      `CREATE TABLE ${database}.t${index} (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, ` +
        'company_id bigint unsigned NOT NULL, name varchar(255) NOT NULL, email varchar(255), ' +
        "status enum('new', 'open', 'done') NOT NULL DEFAULT 'new', notes text, created_at timestamp NULL, " +
        'updated_at timestamp NULL, KEY company (company_id), KEY name_status (name(20), status), ' +
        `CONSTRAINT t${index}_company FOREIGN KEY (company_id) REFERENCES ${database}.t0 (id) ON DELETE CASCADE)`,
    );
  }
  await session.query(`CREATE TABLE ${database}.t0 (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, name varchar(255))`);
  await session.query('SET foreign_key_checks = 1');
}

async function timeRuns(runs: number, act: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const startedMs = performance.now();
    await act();
    times.push(performance.now() - startedMs);
  }
  return times;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
