import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manifestPath, readManifest } from '../../src/backup/manifest.ts';
import { temporaryFolder } from '../support/folder.ts';

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
