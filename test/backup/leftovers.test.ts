import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeLeftovers } from '../../src/backup/file/folder.ts';
import { temporaryFolder } from './support.ts';

/** More than the largest id of a process. */
const DEAD = 4_194_305;

test('a backup that was killed before it got its name leaves neither its part nor its manifest', async () => {
  const folder = temporaryFolder();
  const kept = ['b.sql.gz', 'b.sql.gz.manifest.json', `.c.sql.gz.${process.pid}.partial`, 'c.sql.gz.manifest.json'];
  const gone = [
    `d.sql.gz.manifest.json.${DEAD}.tmp`,
    `.a.sql.gz.${DEAD}.partial`,
    'a.sql.gz.manifest.json',
    `.b.sql.gz.${DEAD}.partial`,
  ];
  for (const name of [...kept, ...gone]) writeFileSync(join(folder, name), '');
  expect((await removeLeftovers(folder)).sort()).toEqual([`.a.sql.gz.${DEAD}.partial`, `.b.sql.gz.${DEAD}.partial`]);
  expect(readdirSync(folder).sort()).toEqual(kept.sort());
});
