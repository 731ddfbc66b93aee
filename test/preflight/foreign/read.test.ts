import { expect, test } from 'vitest';
import { compareWithHistory } from '../../../src/migrations/pending.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { checkForeign } from '../../../src/preflight/foreign/checks.ts';
import { findClaims } from '../../../src/preflight/foreign/claims.ts';
import { readForeign } from '../../../src/preflight/foreign/read.ts';
import { migration } from '../../rehearsal/scene.ts';
import { describeOnServers } from '../../support/servers.ts';
import { LEFT } from './histories.ts';

const NOT_THEIRS = {
  'an empty history': 'CREATE TABLE schema_migrations (version VARCHAR(128) PRIMARY KEY)',
  "golang-migrate's word for none":
    'CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY, dirty BOOLEAN); INSERT INTO schema_migrations VALUES (-1, 0)',
  'a table of the same name with other columns': 'CREATE TABLE migrations (id INT); INSERT INTO migrations VALUES (1)',
};

describeOnServers('histories of other tools', (server) => {
  const read = async (sql: string, files: readonly string[]) => {
    const database = await server().createDatabase('foreign');
    await server().sql(sql, database);
    const session = await (await connect(server().target(database))).open();
    const pending = files.map((name) => ({
      ...migration(/^(?:\d{4}_\d\d_\d\d_)?\d+/.exec(name)?.[0] ?? '', ''),
      baseName: name,
    }));
    const status = compareWithHistory(pending, []);
    const histories = await readForeign(session, status).finally(() => session.close());
    return { histories, claims: findClaims(histories, status.pending) };
  };

  test.each(Object.entries(LEFT))(
    '%s: what it has applied is claimed, the rest is not',
    async (tool, { sql, files, table }) => {
      const { histories, claims } = await read(sql, files);
      expect(histories).toMatchObject([{ tool, table }]);
      const claimed = claims.flatMap((one) => one.claims.map(({ migration, state }) => [migration.baseName, state]));
      expect(claimed).toEqual(files.slice(0, 2).map((name) => [name, 'applied']));
      expect(checkForeign(histories, claims)).toMatchObject([
        { ok: false, level: 'error', name: `history of ${tool}`, remedy: `gateway-migrate baseline --from ${tool}` },
      ]);
    },
  );

  test.each(Object.entries(NOT_THEIRS))('%s is none', async (_what, sql) => {
    expect((await read(sql, ['1_items'])).histories).toEqual([]);
  });

  test('one that speaks of other migrations stands in nobody’s way', async () => {
    const { histories, claims } = await read(LEFT.laravel?.sql ?? '', ['2025_01_01_000000_other']);
    expect(claims).toEqual([]);
    expect(checkForeign(histories, claims)).toEqual([
      {
        group: 'migrations',
        name: 'history of laravel',
        ok: true,
        level: 'error',
        detail: 'migrations notes 2, none of them is pending here',
      },
    ]);
  });
});
