import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dumpDatabase } from '../../../src/backup/dump/dump.ts';
import { backupPath, holdsSavedRows, listBackups, removeLeftovers } from '../../../src/backup/file/folder.ts';
import { manifestPath } from '../../../src/backup/file/manifest.ts';
import { claimName, NameTaken } from '../../../src/backup/file/name-reservation.ts';
import { describeOnServers } from '../../support/servers.ts';
import { clientsOf, contextFor, failureOf, takeBackup, temporaryFolder } from '../support.ts';

/** More than the largest id of a process. */
const DEAD = 4_194_305;
const AT = new Date(2026, 10, 23, 9, 30, 0);

describe('the name of a backup', () => {
  test('is numbered where another of that second has it, finished or not', async () => {
    const folder = temporaryFolder();
    const name = (label: Parameters<typeof backupPath>[2]) => backupPath(folder, 'a/b', label, AT, 'gzip');
    expect(basename(name('manual'))).toBe('a_b_manual_20261123_093000.sql.gz');
    writeFileSync(name('manual'), '');
    const second = await claimName(name('manual'));
    expect(basename(second.path)).toBe(`.a_b_manual_20261123_093000_2.sql.gz.${process.pid}.partial`);
    expect(basename(name('manual'))).toBe('a_b_manual_20261123_093000_3.sql.gz');
    await second.release();
    expect(basename(name('manual'))).toBe('a_b_manual_20261123_093000_2.sql.gz');
    writeFileSync(name('rollback_saved'), '');
    expect(basename(name('rollback_saved'))).toBe('a_b_rollback_saved_20261123_093000_2.sql.gz');
    expect(holdsSavedRows(name('rollback_saved'))).toBe(true);
    expect(holdsSavedRows(name('manual'))).toBe(false);
    writeFileSync(name('rollback_saved'), '');
    expect((await listBackups(folder)).map(({ path }) => basename(path)).sort()).toEqual([
      'a_b_manual_20261123_093000.sql.gz',
      'a_b_rollback_saved_20261123_093000.sql.gz',
      'a_b_rollback_saved_20261123_093000_2.sql.gz',
    ]);
  });

  test('is taken once, by a backup that is there or under way; not by what a killed one left', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'x.sql.gz');
    const claim = await claimName(file);
    await expect(claimName(file)).rejects.toThrow(NameTaken);
    await claim.release();
    expect(readdirSync(folder)).toEqual([]);

    const others = `.x.sql.gz.${process.ppid}.partial`;
    for (const name of [others, 'x.sql.gz.manifest.json']) writeFileSync(join(folder, name), '');
    await expect(claimName(file)).rejects.toThrow(NameTaken);
    // What a third one left that lost the name and was killed then.
    writeFileSync(join(folder, `.x.sql.gz.${DEAD}.partial`), '');
    await removeLeftovers(folder);
    expect(readdirSync(folder)).toEqual([others, 'x.sql.gz.manifest.json']);

    const left = temporaryFolder();
    const mine = join(left, 'x.sql.gz');
    for (const name of [`.x.sql.gz.${DEAD}.partial`, 'x.sql.gz.manifest.json']) writeFileSync(join(left, name), '');
    await (await claimName(mine)).release();
    expect(existsSync(manifestPath(mine))).toBe(false);
  });

  test('is free again of a killed process that had our number, as in a container', async () => {
    const folder = temporaryFolder();
    const name = `.x.sql.gz.${process.pid}.partial`;
    for (const one of [name, 'x.sql.gz.manifest.json']) writeFileSync(join(folder, one), '');
    expect(await removeLeftovers(folder)).toEqual([]);
    utimesSync(join(folder, name), AT, 0);
    expect(await removeLeftovers(folder)).toEqual([name]);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describeOnServers('a backup of a name that another has', (server) => {
  test('leaves the other as it is', async () => {
    const database = await server().createDatabase();
    await server().sql('CREATE TABLE t (id INT)', database);
    const { file } = await takeBackup(server(), server().target(database));
    const before = [file, manifestPath(file)].map((path) => readFileSync(path, 'utf8'));
    const clients = await clientsOf(server());
    const context = await contextFor(server().target(database));
    expect(
      await failureOf(dumpDatabase({ file, compression: 'gzip', clients, stepId: 'backup' }, context)),
    ).toMatchObject({
      message: `the backup of ${database} failed: ${file} is there or under way already, and no backup replaces another`,
      exitCode: 2,
      state: 'production is as it was before',
      next: `the same command again; if it goes on with a run: mv ${file} to another name first`,
    });
    expect([file, manifestPath(file)].map((path) => readFileSync(path, 'utf8'))).toEqual(before);
    expect(readdirSync(join(file, '..'))).toHaveLength(2);
  });
});
