import { beforeAll, expect, test } from 'vitest';
import { findNamed } from '../../../src/binlog/named/find.ts';
import { formatName, parseName, type TransactionName } from '../../../src/binlog/named/names.ts';
import type { LogRange } from '../../../src/binlog/range.ts';
import { placeOf } from '../../../src/binlog/transaction.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { describeOnServers } from '../../support/servers.ts';
import { copySince, endOfLog, transactionsOf } from '../support.ts';

const RUN = '20261123T010203004Z-abcd';
const OTHER = '20261123T010203005Z-abcd';
const JOURNAL = `CREATE TABLE gateway_migrate_journal (run VARCHAR(64), version VARCHAR(190), direction VARCHAR(4),
  ordinal INT UNSIGNED, digest VARCHAR(64), kind VARCHAR(16), connection_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (run, version, direction, ordinal))`;
const note = (run: string, ordinal: number) =>
  `INSERT INTO gateway_migrate_journal VALUES ('${run}', 'v', 'up', ${ordinal}, '', 'ddl', CONNECTION_ID())`;

test.each([
  ['binlog.000002:1234', { is: 'position', file: 'binlog.000002', position: 1234 }],
  [RUN, { is: 'run', run: RUN }],
  ['2026-11-23 06:28:23', undefined],
  ['yesterday', undefined],
])('%s names transactions of the log, or none', (text, name) => {
  expect(parseName(text)).toEqual(name);
  if (name) expect(formatName(name as TransactionName)).toBe(text);
});

describeOnServers(
  'transactions that a user names',
  (server) => {
    let range: LogRange;
    let places: Record<string, string>;
    beforeAll(async () => {
      const database = await server().createDatabase('named');
      const production = await connect(server().target(database));
      const [run, site] = [await production.open(), await production.open()];
      await run.execute(JOURNAL);
      await run.execute('CREATE TABLE t (id INT PRIMARY KEY)');
      const from = await endOfLog(server());
      places = {};
      const at = async (name: string, work: () => Promise<unknown>) => {
        const { file, position } = await endOfLog(server());
        places[name] = `${file}:${position}`;
        await work();
      };
      await at('before', () => run.execute('INSERT INTO t VALUES (1)'));
      await at('intent', () => run.execute(note(RUN, 0)));
      await at('site', () => site.execute('INSERT INTO t VALUES (2)'));
      await at('site’s definition', () => site.execute('CREATE TABLE sites (id INT)'));
      await at('definition', () => run.execute('CREATE TABLE u (id INT)'));
      await at('outcome', () => run.execute(note(RUN, 1)));
      await at('flush', () => run.execute('FLUSH BINARY LOGS'));
      await at('rows', async () => {
        for (const text of ['BEGIN', note(RUN, 2), 'INSERT INTO t VALUES (3), (4)', 'COMMIT']) await run.execute(text);
      });
      await at('after', () => run.execute('DROP TABLE u'));
      await at('other run', () => run.execute(note(OTHER, 0)));
      await run.close();
      await site.close();
      range = await copySince(server(), from);
    });

    const named = async (...names: TransactionName[]) => {
      const { transactions, missing } = await findNamed(range, names, new AbortController().signal);
      const titles = Object.entries(places).map(([title, place]) => [place, title] as const);
      const title = (place: string) => titles.find(([known]) => known === place)?.[1] ?? 'rows';
      return { found: transactions.map((one) => title(placeOf(one))), missing: missing.map(formatName) };
    };
    const nameOf = (title: string): TransactionName => {
      const name = parseName(places[title] ?? '');
      if (!name) throw new Error(title);
      return name;
    };

    test('of a run are its notes, what stands with them, and its definitions between them', async () => {
      const expected = ['intent', 'definition', 'outcome', 'rows'];
      expect(await named({ is: 'run', run: RUN })).toEqual({ found: expected, missing: [] });
      expect(await named({ is: 'run', run: OTHER })).toEqual({ found: ['other run'], missing: [] });
    });

    test('at a place are those that begin there or have it within', async () => {
      expect(await named(nameOf('site'))).toEqual({ found: ['site'], missing: [] });
      const rows = (await transactionsOf(range)).find(({ start, file }) => placeOf({ start, file }) === places.site);
      const within = { is: 'position', file: rows?.file ?? '', position: (rows?.end ?? 0) - 1 } as const;
      expect(await named(within)).toEqual({ found: ['site'], missing: [] });
    });

    test('come each once, in the order of the log, and what is not there is said', async () => {
      const nowhere = { is: 'position', file: 'elsewhere.000009', position: 4 } as const;
      const unknown = { is: 'run', run: '20261123T010203006Z-abcd' } as const;
      expect(await named(nameOf('other run'), { is: 'run', run: RUN }, nowhere, nameOf('intent'), unknown)).toEqual({
        found: ['intent', 'definition', 'outcome', 'rows', 'other run'],
        missing: ['elsewhere.000009:4', unknown.run],
      });
    });
  },
  { binlog: true },
);
