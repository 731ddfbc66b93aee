import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { expect, it } from 'vitest';
import { checkBackupReadiness } from '../../../src/backup/dump/readiness.ts';
import { chooseExpired } from '../../../src/backup/retention.ts';
import type { Config } from '../../../src/config/config.ts';
import { describeOnServers } from '../../support/servers.ts';
import { contextFor, takeBackup, temporaryFolder } from '../support.ts';

describeOnServers('whether a backup would succeed', (server) => {
  async function findings(sql: string, change: Partial<Config['backup']>, path = server().binDir) {
    const database = await server().createDatabase();
    await server().sql(sql, database);
    const context = await contextFor(server().target(database));
    const session = await context.server.open();
    const backup = {
      dir: join(temporaryFolder(), 'a/b'),
      compression: 'gzip' as const,
      verify: 'checksum' as const,
      keep: { last: 1, days: 1 },
      minFreeBytes: 1,
      ...change,
    };
    const parts = { config: { backup }, server: context.server, session, exec: context.exec, env: { PATH: path } };
    const checks = await checkBackupReadiness(parts);
    await session.close();
    return checks.filter(({ ok }) => !ok);
  }

  async function check(...asked: Parameters<typeof findings>) {
    return (await findings(...asked)).map(({ name, level }) => `${name}: ${level}`);
  }

  it('finds nothing wrong with a plain database', async () => {
    expect(await check('CREATE TABLE t (id INT)', {})).toEqual([]);
  });

  it('finds everything that would stop it, at once', async () => {
    const sql =
      'CREATE TABLE t (id INT) ENGINE=MyISAM; CREATE TABLE u (id INT); CREATE VIEW v AS SELECT * FROM u; DROP TABLE u';
    expect(await check(sql, { minFreeBytes: Number.MAX_SAFE_INTEGER, compression: 'zstd' }, '/nowhere')).toEqual([
      'client programs: error',
      'disk space: error',
      ...(process.versions.node.startsWith('20.') ? ['compression: error'] : []),
      'views: error',
      'engines: warning',
    ]);
  });

  it('refuses events at which the dump program would never end', async () => {
    const sql = `CREATE TABLE t (id INT);
      CREATE EVENT good ON SCHEDULE EVERY 1 DAY COMMENT 'a; b' DO DELETE FROM t;
      CREATE EVENT texts ON SCHEDULE EVERY 1 DAY DO DELETE FROM t WHERE id = ';;';
      CREATE EVENT told ON SCHEDULE EVERY 1 DAY COMMENT 'one;;two' DO DELETE FROM t;`;
    const detail = 'has ;; in its text or comment, at which the dump program of the server searches for ever';
    const errors = (await findings(sql, {})).filter(({ level }) => level === 'error');
    expect(errors).toEqual(
      ['texts', 'told'].map((name) => ({
        ...{ group: 'stored programs', name: `event ${name}`, ok: false, level: 'error', detail },
        remedy: `SHOW CREATE EVENT \`${name}\`, drop it, and make it again without ;;`,
      })),
    );
  });

  it('warns of past rows that a dump cannot hold, and the dump is made without them', async () => {
    if (server().kind !== 'mariadb') return;
    const sql = `CREATE TABLE precise (id INT PRIMARY KEY, s BIGINT UNSIGNED GENERATED ALWAYS AS ROW START,
        e BIGINT UNSIGNED GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING;
      CREATE TABLE plain (id INT PRIMARY KEY, a INT) WITH SYSTEM VERSIONING; INSERT INTO plain VALUES (1, 1); UPDATE plain SET a = 2`;
    expect(await findings(sql, {})).toEqual([
      {
        group: 'backup',
        name: 'history',
        ok: false,
        level: 'warning',
        detail:
          'past rows of plain, precise (WITH SYSTEM VERSIONING) are not part of it: precise is versioned by transaction',
        remedy: 'keep the history of such tables apart, with mariadb-backup or a replica',
      },
    ]);
    const database = await server().createDatabase();
    await server().sql(sql, database);
    const { manifest } = await takeBackup(server(), server().target(database));
    expect(manifest).not.toHaveProperty('withHistory');
    expect(manifest.tables.map(({ name, rows }) => [name, rows])).toEqual([
      ['plain', 1],
      ['precise', 0],
    ]);
  });

  it('warns of a binary log that this Node cannot unpack', async () => {
    if (server().kind !== 'mysql') return;
    await server().sql('SET GLOBAL binlog_transaction_compression = ON');
    const found = await findings('CREATE TABLE t (id INT)', {});
    await server().sql('SET GLOBAL binlog_transaction_compression = OFF');
    const { node } = process.versions;
    const warning = {
      group: 'backup',
      name: 'binary log',
      ok: false,
      level: 'warning',
      detail: `compressed (binlog_transaction_compression), and zstd needs Node 22.15 or newer, this is Node ${node}: restore --until cannot read it`,
      remedy: 'Node 22.15 or newer on this machine, or SET PERSIST binlog_transaction_compression = OFF',
    };
    expect(found).toEqual('zstdCompress' in zlib ? [] : [warning]);
    expect(await check('CREATE TABLE t (id INT)', {})).toEqual([]);
  });

  it('sees that the backup folder is a file', async () => {
    const dir = join(temporaryFolder(), 'file');
    writeFileSync(dir, '');
    expect(await check('CREATE TABLE t (id INT)', { dir })).toEqual(['backup folder: error']);
  });
});

it('keeps the newest, the young, and the newest proven backup of each database', () => {
  const day = 24 * 60 * 60 * 1000;
  const now = new Date(100 * day);
  const stored = (path: string, ageDays: number, proven = false, database = 'db') =>
    ({
      path,
      bytes: 1,
      takenAt: new Date(now.getTime() - ageDays * day),
      problem: undefined,
      manifest: {
        database,
        bytes: 1,
        server: { uuid: null, host: 'db1' },
        proof: proven ? { at: '', method: '' } : null,
      },
    }) as never;
  const unknown = { path: 'x', bytes: 1, takenAt: new Date(0), manifest: undefined, problem: 'no manifest' };
  const all = [
    stored('old', 50),
    stored('new', 1),
    stored('mid', 20),
    stored('proven', 40, true),
    stored('other', 60, false, 'o'),
    stored('db_rollback_saved_20200101_000000.sql.gz', 90),
    unknown,
  ];
  expect(chooseExpired(all, { last: 1, days: 10 }, now).map(({ path }) => path)).toEqual(['mid', 'old']);
  expect(chooseExpired(all, { last: 2, days: 10 }, now).map(({ path }) => path)).toEqual(['old']);
  expect(chooseExpired(all, { last: 0, days: 0 }, now).map(({ path }) => path)).toEqual(['mid', 'old']);
  expect(chooseExpired(all, { last: 1, days: 55 }, now)).toEqual([]);
  // One that has lost its end is no proven one any more: the last good one stays.
  const torn = { ...(stored('torn', 30, true) as object), bytes: 0 } as never;
  expect(chooseExpired([...all, torn], { last: 1, days: 10 }, now).map(({ path }) => path)).toEqual([
    'mid',
    'torn',
    'old',
  ]);
});
