import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Manifest, manifestPath, readManifest, writeManifest } from '../../../src/backup/file/manifest.ts';
import { temporaryFolder } from '../../support/folder.ts';

test('a manifest that is not there, no JSON, or of the wrong form', async () => {
  const backup = join(temporaryFolder(), 'shop.sql.gz');
  const path = manifestPath(backup);
  const said = () => readManifest(backup).catch((error: Error) => error.message);
  expect(await said()).toBe('there is no such file');
  writeFileSync(backup, '');
  expect(await said()).toBe(`the manifest ${path} cannot be read: ENOENT: no such file or directory, open '${path}'`);
  writeFileSync(path, 'void');
  expect(await said()).toMatch(/^the manifest \S+ is not JSON: Unexpected token /);
  for (const [text, field] of [
    ['null', 'the whole'],
    ['{"format":2}', 'format'],
    ['{"format":1,"file":"a"}', 'compression'],
  ] as const) {
    writeFileSync(path, text);
    expect(await said()).toBe(`the manifest ${path} is not valid: ${field} is missing or of the wrong form`);
  }
});

const WHOLE: Manifest = {
  format: 1,
  toolVersion: '1.2.3',
  file: 'shop.sql.gz',
  compression: 'gzip',
  database: 'shop',
  charset: 'utf8mb4',
  collation: 'utf8mb4_unicode_ci',
  server: { flavor: 'mysql', version: '9.7.4', uuid: null, host: 'db' },
  client: 'MySQL 9.7.4',
  startedAt: '2026-01-02T03:04:05.678+00:00',
  finishedAt: '2026-01-02T03:04:06.789+00:00',
  position: { file: 'binlog.000002', position: 157, gtid: null },
  positionReason: null,
  sha256: '0'.repeat(64),
  bytes: 1000,
  rawBytes: 5000,
  preamble: { offset: 0, length: 300 },
  tables: [{ name: 'ž', rows: 3, digest: 'a'.repeat(64), rawBytes: 4000, range: { offset: 300, length: 700 } }],
  sections: [{ kind: 'view', name: 'v', digest: 'b'.repeat(64) }],
  objects: { view: ['v'], trigger: [], procedure: [], function: [], event: [], sequence: [] },
  proof: { at: '2026-01-02T03:05:00.000+00:00', method: 'a private server', ms: 12 },
};

test('a manifest with a flipped bit at any place, or cut off at any, is not believed', async () => {
  const backup = join(temporaryFolder(), 'shop.sql.gz');
  const path = manifestPath(backup);
  await writeManifest(backup, WHOLE);
  expect(await readManifest(backup)).toEqual(WHOLE);
  const whole = readFileSync(path);
  const believed: string[] = [];
  const tryOn = async (bytes: Buffer, what: string) => {
    writeFileSync(path, bytes);
    if (await readManifest(backup).catch(() => undefined)) believed.push(what);
  };
  for (let at = 0; at < whole.length; at++) {
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
    await tryOn(flipped, `bit ${at % 8} of byte ${at}`);
    // Without the newline at its end it says the same.
    if (at < whole.length - 1) await tryOn(whole.subarray(0, at), `cut off at ${at}`);
  }
  expect(believed).toEqual([]);
});

test('a manifest of before there were seals is read; one whose seal has lost its name is not', async () => {
  const backup = join(temporaryFolder(), 'shop.sql.gz');
  const path = manifestPath(backup);
  writeFileSync(path, JSON.stringify(WHOLE));
  expect(await readManifest(backup)).toEqual(WHOLE);
  const said = `the manifest ${path} was changed after it was written`;
  await writeManifest(backup, WHOLE);
  const sealed = readFileSync(path, 'utf8');
  for (const edited of [sealed.replace('"seal"', '"sea|"'), sealed.replace('"rows": 3', '"rows": 4')]) {
    writeFileSync(path, edited);
    await expect(readManifest(backup)).rejects.toThrow(said);
  }
});
