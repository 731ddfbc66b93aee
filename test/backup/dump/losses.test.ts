import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { describeLoss } from '../../../src/backup/dump/losses.ts';
import { readManifest } from '../../../src/backup/file/manifest.ts';
import { proveBackup } from '../../../src/backup/proof/proof.ts';
import { proofPlaces } from '../../../src/private-server/proof/places.ts';
import { serversDir } from '../../support/installed.ts';
import { describeOnServers, type TestServer } from '../../support/servers.ts';
import { runScript, takeBackup } from '../support.ts';

async function take(server: TestServer, sql: string) {
  const database = await server.createDatabase();
  await runScript(server, database, sql);
  const { file, manifest, context } = await takeBackup(server, server.target(database));
  const env = { GATEWAY_MIGRATE_CLIENTS: server.binDir, TMPDIR: serversDir() };
  const withPlace = proofPlaces({ env, backupDir: dirname(file), production: context.server });
  const notes = () =>
    context.events.flatMap((event) => (event.type === 'note' ? [`${event.level}: ${event.text}`] : []));
  return { file, manifest, notes, prove: () => proveBackup(file, 'prove', withPlace, context) };
}

describeOnServers('values that a dump tells otherwise', (server) => {
  it('are noted and told: FLOAT with more than six digits, bytes that their character set does not define', async () => {
    const { file, manifest, notes } = await take(
      server(),
      `CREATE TABLE places (id INT, lat FLOAT, lon FLOAT, alt DOUBLE, fixed FLOAT(10,6), at FLOAT);
       INSERT INTO places VALUES (1, 52.520008, 1.1, 52.520008, 52.520008, 16777215), (2, 1.5, 2.2, 0.1, 0.1, 3e38), (3, NULL, 1.00001, 1, 1, 0);
       CREATE TABLE words (id INT PRIMARY KEY, word VARCHAR(9) CHARACTER SET cp1250, west VARCHAR(9) CHARACTER SET latin1);
       INSERT INTO words VALUES (1, 'ž', 'é'), (2, CONVERT(x'81' USING cp1250), 'x'), (3, _cp1250 x'9E', _latin1 x'81');
       CREATE TABLE signs (id INT PRIMARY KEY, sign VARCHAR(9) CHARACTER SET sjis, plain VARCHAR(9) CHARACTER SET ascii);
       INSERT INTO signs VALUES (1, CONVERT(x'5C' USING sjis), 'a'), (2, 'a', '');`,
    );
    const losses = [
      { table: 'places', column: 'lat', type: 'float', rows: 1 },
      { table: 'places', column: 'at', type: 'float', rows: 1 },
      { table: 'signs', column: 'sign', type: 'sjis', rows: 1 },
      { table: 'words', column: 'word', type: 'cp1250', rows: 1 },
    ];
    expect(manifest.losses).toEqual(losses);
    expect((await readManifest(file)).losses).toEqual(manifest.losses);
    expect(notes()).toContain(
      'warning: 1 value of places.lat come back with six digits: no unique key without NULL finds the rows again, or they changed as the dump began; DOUBLE keeps all',
    );
    expect(notes().filter((note) => note.includes('words.west'))).toEqual([]);
  });

  it('are none where there are none', async () => {
    const { manifest, notes } = await take(
      server(),
      'CREATE TABLE t (id INT PRIMARY KEY, f FLOAT, d DOUBLE, j JSON); INSERT INTO t VALUES (1, 0.1, 0.1, JSON_OBJECT("a", 1.5, "b", "é")), (2, 100000, 1, "[]")',
    );
    expect(manifest.losses).toBeUndefined();
    expect(notes().filter((note) => note.startsWith('warning'))).toEqual([]);
  });

  it('JSON with DECIMAL is proven by its numbers; dates, times and bytes in it are told', async () => {
    if (server().kind === 'mariadb') return;
    const { manifest, notes, prove } = await take(
      server(),
      `CREATE TABLE carts (id INT PRIMARY KEY, price DECIMAL(10,2), doc JSON);
       INSERT INTO carts VALUES (1, 10.50, JSON_OBJECT('price', CAST(10.50 AS DECIMAL(10,2)), 'all', JSON_ARRAY(CAST(7 AS DECIMAL(5,3)), CAST(-0.10 AS DECIMAL(5,2)), 1e20, 'text 1.50'))),
         (2, 1, JSON_OBJECT('at', CAST('2026-11-23 10:00:00' AS DATETIME))), (3, 1, JSON_OBJECT('b', CAST(x'01' AS BINARY)));`,
    );
    expect(manifest.losses).toEqual([{ table: 'carts', column: 'doc', type: 'json', rows: 2 }]);
    expect(await prove()).toMatchObject({ differences: [] });
    expect(notes()).toEqual(
      expect.arrayContaining([
        'warning: 2 values of carts.doc come back with strings for the dates, times or bytes in their JSON',
        'info: carts: decimal numbers in its JSON values come back as doubles, equal in value (10.50 as 10.5)',
      ]),
    );
  }, 120_000);
});

it('a loss is told in a sentence', () => {
  const loss = { table: 't', column: 'c', rows: 2 };
  expect(['float', 'json', 'cp932'].map((type) => describeLoss({ ...loss, type }))).toEqual([
    '2 values of t.c come back with six digits: no unique key without NULL finds the rows again, or they changed as the dump began; DOUBLE keeps all',
    '2 values of t.c come back with strings for the dates, times or bytes in their JSON',
    '2 values of t.c hold bytes that cp932 does not define, and come back without them',
  ]);
});
