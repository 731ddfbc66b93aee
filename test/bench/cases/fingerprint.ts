import { connect, type Session } from '../../../src/mysql/connect.ts';
import { readObjects, readSnapshot } from '../../../src/schema/snapshot.ts';
import { type BenchCase, rounds } from '../case.ts';
import { type Figure, toFigure } from '../figures.ts';
import type { BenchServer } from '../servers.ts';

const SIZES = [200, 1_000];

/**
 * How long a fingerprint takes: of a whole database, and of one table in it. The databases have so many tables of eight
 * columns, with a primary key, two indexes and a foreign key each.
 */
export const fingerprint: BenchCase = {
  name: 'fingerprint',
  async *run({ servers }) {
    for (const server of servers) {
      const figures: Figure[] = [];
      for (const tables of SIZES) figures.push(...(await measure(server, tables)));
      yield { title: `Fingerprint, ${server.label}`, baseline: `${SIZES[0]} tables`, figures };
    }
  },
};

async function measure({ root }: BenchServer, tables: number): Promise<Figure[]> {
  const database = `fingerprint_${tables}`;
  const server = await connect(root.target('mysql'));
  const session = await server.open({ database: null });
  try {
    await createTables(session, database, tables);
    const whole = await timeRuns(() => readSnapshot(session, database));
    const one = await timeRuns(() => readObjects(session, database, ['table:t1']));
    await session.query(`DROP DATABASE ${database}`);
    return [toFigure(`${tables} tables`, whole), toFigure(`one of ${tables} tables`, one)];
  } finally {
    await session.close();
  }
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

async function timeRuns(act: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < rounds(15); run++) {
    const startedMs = performance.now();
    await act();
    times.push(performance.now() - startedMs);
  }
  return times;
}
