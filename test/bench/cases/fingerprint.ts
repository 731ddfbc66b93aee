import { connect } from '../../../src/mysql/connect.ts';
import { readObjects, readSnapshot } from '../../../src/schema/snapshot.ts';
import { type BenchCase, rounds } from '../case.ts';
import { type Figure, toFigure } from '../figures.ts';
import type { BenchServer } from '../servers.ts';
import { createTables } from '../tables.ts';

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

async function timeRuns(act: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < rounds(15); run++) {
    const startedMs = performance.now();
    await act();
    times.push(performance.now() - startedMs);
  }
  return times;
}
