import { connect, type Session } from '../../../src/mysql/connect.ts';
import { checkAutoIncrement } from '../../../src/schema/checks/database/auto-increment.ts';
import { checkRules } from '../../../src/schema/checks/database/rules.ts';
import { type Link, linkOf } from '../../../src/schema/checks/orphans/link.ts';
import { searchOrphans } from '../../../src/schema/checks/orphans/search.ts';
import { configuredReferences, foreignKeyReferences } from '../../../src/schema/checks/references.ts';
import { readSnapshot } from '../../../src/schema/snapshot.ts';
import { type BenchCase, rounds } from '../case.ts';
import { toFigure } from '../figures.ts';
import type { BenchServer } from '../servers.ts';

/** In millions; the smaller one shows whether time grows with the rows. */
const ROWS = Number(process.env.BENCH_MILLIONS) || 5;
const TENANTS = 1_000;
const DATABASE = 'verify_bench';
const COLUMNS = [
  ['company_id', 'companies', `${TENANTS} keys, indexed`],
  ['customer_id', 'customers', 'many keys, indexed'],
  ['origin_id', 'customers', 'many keys, no index'],
] as const;

/**
 * The search for orphans beside the query of the paper's procedure, and a `verify` of 1,000 tables with 3,000 foreign keys. In a
 * process, warm.
 */
export const verifyOrphans: BenchCase = {
  name: 'verify-orphans',
  async *run({ servers }) {
    for (const server of servers) {
      const session = await (await connect(server.root.target('mysql'))).open();
      for (const millions of [ROWS / 5, ROWS]) {
        await fill(server, session, millions);
        for (const [column, parent, what] of COLUMNS) {
          const { paper, ours } = await race(server, session, column, parent);
          const figures = [toFigure('LEFT JOIN of all rows', paper), toFigure('verify', ours)];
          const title = `Orphans, ${millions} million rows, ${what}, ${server.label}`;
          yield { title, baseline: 'LEFT JOIN of all rows', figures };
        }
      }
      yield {
        title: `1,000 tables, 3,000 foreign keys, ${server.label}`,
        baseline: 'verify',
        figures: [await whole(server, session)],
      };
      await session.close();
    }
  },
};

async function fill({ recreate }: BenchServer, session: Session, millions: number): Promise<void> {
  await recreate(DATABASE);
  const customers = Math.round(millions * 500_000);
  for (const sql of [
    `USE ${DATABASE}`,
    'SET unique_checks = 0, foreign_key_checks = 0',
    'CREATE TABLE seq (n int unsigned PRIMARY KEY)',
    `INSERT INTO seq VALUES ${Array.from({ length: 1_000 }, (_, n) => `(${n})`).join(',')}`,
    'CREATE TABLE companies (id bigint unsigned PRIMARY KEY, name varchar(50))',
    `INSERT INTO companies SELECT n + 1, 'x' FROM seq WHERE n < ${TENANTS}`,
    'CREATE TABLE customers (id bigint unsigned PRIMARY KEY, name varchar(50))',
    `INSERT INTO customers SELECT a.n * 1000 + b.n + 1, 'x' FROM seq a, seq b WHERE a.n < ${customers / 1_000}`,
    `CREATE TABLE calls (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, company_id bigint unsigned NOT NULL,
       customer_id bigint unsigned, origin_id bigint unsigned, note varchar(100))`,
  ]) {
    await session.query(sql);
  }
  for (let done = 0; done < millions * 1_000; done += 500) {
    await session.query(
      `INSERT INTO calls (company_id, customer_id, origin_id, note)
       SELECT 1 + (a.n + b.n) % ${TENANTS}, 1 + (a.n * 7919 + b.n * 104729) % ${customers}, 1 + (a.n + b.n * 7919) % ${customers},
         REPEAT('x', 60) FROM seq b, (SELECT n + ${done} AS n FROM seq WHERE n < 500) a`,
    );
  }
  await session.query('ALTER TABLE calls ADD KEY company (company_id), ADD KEY customer (customer_id)');
  await session.query('ANALYZE TABLE calls, customers, companies');
}

async function race(server: BenchServer, session: Session, column: string, parent: string) {
  const connected = await connect(server.root.target(DATABASE));
  const snapshot = await readSnapshot(session, DATABASE);
  const reference = { from: { table: 'calls', column }, to: { table: parent, column: 'id' } };
  const links = configuredReferences(snapshot, [reference]).map((one) => linkOf(one, snapshot, false));
  const join = `SELECT COUNT(*) FROM calls k LEFT JOIN ${parent} p ON p.id = k.${column} WHERE k.${column} IS NOT NULL AND p.id IS NULL`;
  const [paper, ours]: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds(3); round++) {
    const joined = await timed(() => session.query(join));
    const searched = await timed(() => search(connected, snapshot, links));
    if (round > 0) paper.push(joined);
    if (round > 0) ours.push(searched);
  }
  return { paper, ours };
}

async function search(
  server: Awaited<ReturnType<typeof connect>>,
  snapshot: Parameters<typeof linkOf>[1],
  links: readonly Link[],
) {
  const signal = new AbortController().signal;
  const checks = await searchOrphans(links, { server, snapshot, jobs: 2, signal, ticksMs: () => performance.now() });
  const wrong = checks.find(({ ok }) => !ok);
  if (wrong) throw new Error(`${wrong.name}: ${wrong.detail}`);
}

/** All that `verify` does of a database: reading the schema, every rule, the counters, every foreign key. */
async function whole({ root, recreate }: BenchServer, session: Session) {
  await recreate('verify_tables');
  await session.query('USE verify_tables');
  await session.query('SET foreign_key_checks = 0');
  for (let table = 0; table < 1_000; table++) {
    const keys = [1, 2, 3].map((step) => `FOREIGN KEY (c${step}) REFERENCES t${(table + step) % 1_000} (id)`);
    const columns = [1, 2, 3].map((step) => `c${step} bigint unsigned`);
    await session.query(
      `CREATE TABLE t${table} (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, ${[...columns, ...keys].join(', ')})`,
    );
    await session.query(`INSERT INTO t${table} VALUES (1, 1, 1, NULL)`);
  }
  const server = await connect(root.target('verify_tables'));
  const times: number[] = [];
  for (let round = 0; round <= rounds(3); round++) {
    const ms = await timed(async () => {
      const snapshot = await readSnapshot(session, 'verify_tables');
      for (const group of ['schema', 'tenant', 'references'] as const) {
        checkRules(group, { snapshot, tenant: undefined, references: [] });
      }
      await checkAutoIncrement(session, server.flavor, snapshot);
      await search(
        server,
        snapshot,
        foreignKeyReferences(snapshot).map((one) => linkOf(one, snapshot, true)),
      );
    });
    if (round > 0) times.push(ms);
  }
  return toFigure('verify', times);
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await act();
  return performance.now() - startedMs;
}
