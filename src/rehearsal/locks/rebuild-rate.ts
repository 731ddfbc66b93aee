import type { Session } from '../../mysql/connect.ts';
import { quoteName } from '../../mysql/quote.ts';

const TABLE = 'gateway_migrate_rate';
const ROW_BYTES = 1_000;
const DOUBLINGS = 13;

const measured = new WeakMap<Session, Promise<number>>();

/**
 * Bytes a millisecond that this server copies when it rebuilds a table: 8 MB are rebuilt once a connection. They are in
 * memory, so a table that is not takes longer: what is told is the least to expect.
 */
export function rebuildRate(session: Session): Promise<number> {
  const known = measured.get(session) ?? measure(session);
  measured.set(session, known);
  return known;
}

async function measure(session: Session): Promise<number> {
  const table = quoteName(TABLE);
  await session.execute(`DROP TABLE IF EXISTS ${table}`);
  try {
    await session.execute(
      `CREATE TABLE ${table} (id INT AUTO_INCREMENT PRIMARY KEY, number INT, filling VARCHAR(${ROW_BYTES}) CHARACTER SET latin1, KEY (number)) ENGINE=InnoDB`,
    );
    await session.execute(`INSERT INTO ${table} (number, filling) VALUES (1, REPEAT('x', ${ROW_BYTES}))`);
    for (let doubling = 0; doubling < DOUBLINGS; doubling++) {
      await session.execute(`INSERT INTO ${table} (number, filling) SELECT id, filling FROM ${table}`);
    }
    const start = performance.now();
    await session.execute(`ALTER TABLE ${table} FORCE, ALGORITHM=COPY`);
    return (ROW_BYTES * 2 ** DOUBLINGS) / (performance.now() - start);
  } finally {
    await session.execute(`DROP TABLE IF EXISTS ${table}`);
  }
}
