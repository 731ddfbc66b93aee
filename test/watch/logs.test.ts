import { appendFileSync, copyFileSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fingerprint } from '../../src/watch/logs/fingerprint.ts';
import { LogFollower } from '../../src/watch/logs/follow.ts';
import { LogSource, noteLog } from '../../src/watch/logs/source.ts';
import { temporaryFolder } from '../support/folder.ts';

const line = (n: number) => `line ${n}\n`;

async function following() {
  const path = join(temporaryFolder(), 'app.log');
  const follower = new LogFollower(path);
  onTestFinished(() => follower.close());
  return { path, follower, read: async () => (await follower.read()).entries };
}

describe('a log is followed', () => {
  test('from the end of what is there', async () => {
    const { path, read } = await following();
    writeFileSync(path, line(1));
    expect(await read()).toEqual([]);
    appendFileSync(path, line(2) + line(3));
    expect(await read()).toEqual(['line 2', 'line 3']);
    expect(await read()).toEqual([]);
  });

  test('when it is not there yet, from its beginning', async () => {
    const { path, read } = await following();
    expect(await read()).toEqual([]);
    writeFileSync(path, line(1));
    expect(await read()).toEqual(['line 1']);
  });

  test('when it is renamed: the old one to its end, then the new one', async () => {
    const { path, read } = await following();
    writeFileSync(path, line(1));
    await read();
    appendFileSync(path, line(2));
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, line(3));
    writeFileSync(path, line(4));
    expect(await read()).toEqual(['line 2', 'line 3', 'line 4']);
  });

  test('when it is renamed and the new one comes later', async () => {
    const { path, read } = await following();
    writeFileSync(path, line(1));
    await read();
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, line(2));
    expect(await read()).toEqual(['line 2']);
    writeFileSync(path, line(3));
    expect(await read()).toEqual(['line 3']);
  });

  test('when it is copied away and truncated', async () => {
    const { path, read } = await following();
    writeFileSync(path, line(1) + line(2));
    await read();
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
    appendFileSync(path, line(3));
    expect(await read()).toEqual(['line 3']);
  });

  test('when it is deleted, and when its folder goes and comes back', async () => {
    const folder = join(temporaryFolder(), 'logs');
    const path = join(folder, 'app.log');
    mkdirSync(folder);
    writeFileSync(path, line(1));
    const follower = new LogFollower(path);
    onTestFinished(() => follower.close());
    await follower.read();
    rmSync(folder, { recursive: true });
    expect((await follower.read()).entries).toEqual([]);
    mkdirSync(folder);
    writeFileSync(path, line(2));
    expect((await follower.read()).entries).toEqual(['line 2']);
  });

  test('by half lines, also when a letter is cut', async () => {
    const { path, read } = await following();
    writeFileSync(path, '');
    await read();
    const bytes = Buffer.from('Müller\n');
    appendFileSync(path, bytes.subarray(0, 2));
    expect(await read()).toEqual([]);
    appendFileSync(path, bytes.subarray(2));
    expect(await read()).toEqual(['Müller']);
    appendFileSync(path, Buffer.from([0x4d, 0xfc, 0x0a]));
    expect(await read()).toEqual(['M\ufffd']);
  });

  test('by lines of a megabyte, of which the beginning is kept', async () => {
    const { path, read } = await following();
    writeFileSync(path, '');
    await read();
    appendFileSync(path, `${'x'.repeat(3 << 20)}\nafter\n`);
    const [long = '', after] = await read();
    expect([long.length, after]).toEqual([64 << 10, 'after']);
  });

  test('by bursts of half a million lines', async () => {
    const { path, read } = await following();
    writeFileSync(path, '');
    await read();
    appendFileSync(path, line(7).repeat(500_000));
    expect((await read()).length).toBe(500_000);
  });

  test('so far as it can be read: what is passed over is told', async () => {
    const { path, follower } = await following();
    writeFileSync(path, '');
    await follower.read();
    for (let part = 0; part < 9; part++) appendFileSync(path, 'y'.repeat(8 << 20));
    appendFileSync(path, '\nlast\n');
    const { entries, skipped } = await follower.read();
    expect([entries.at(-1), skipped]).toEqual(['last', (8 << 20) + 6]);
  });

  test('from where an earlier watch has stopped', async () => {
    const { path, follower } = await following();
    writeFileSync(path, '');
    await follower.read();
    appendFileSync(path, `${line(1)}[2026-11-23 14:00:00] production.ERROR: half`);
    await follower.read();
    const second = new LogFollower(path, follower.place);
    onTestFinished(() => second.close());
    appendFileSync(path, ` done\n${'[2026-11-23 14:00:01] production.INFO: next'}\n`);
    expect((await second.read()).entries).toEqual(['[2026-11-23 14:00:00] production.ERROR: half done']);
  });
});

test("Laravel's entries of many lines are one, told when they are whole", async () => {
  const { path, read } = await following();
  writeFileSync(path, '');
  await read();
  appendFileSync(path, '[2026-11-23 14:00:00] production.ERROR: boom {"exception":"[object]\n[stacktrace]\n#0 a.php\n');
  expect(await read()).toEqual([]);
  appendFileSync(path, '#1 b.php\n"}\n[2026-11-23 14:00:05] production.INFO: well\n');
  expect(await read()).toEqual([
    '[2026-11-23 14:00:00] production.ERROR: boom {"exception":"[object]\n[stacktrace]\n#0 a.php\n#1 b.php\n"}',
  ]);
  expect(await read()).toEqual(['[2026-11-23 14:00:05] production.INFO: well']);
});

test.each([
  [
    "[2026-11-23 14:00:00] production.ERROR: SQLSTATE[23000]: 1452 (SQL: insert into `staff` values (7, 'Ann'))",
    'production.ERROR: SQLSTATE[#]: # (SQL: insert into `staff` values (#, ?))',
  ],
  ['2026-11-23T14:00:00.123456Z 17 [ERROR] [MY-010584] [Repl] at 0x7f8b2852b6c0', '# [ERROR] [MY-#] [Repl] at #'],
  ['job 6fa459ea-ee8a-3ca4-894e-db77e160355e failed after 12.5 s', 'job # failed after #.# s'],
])('a fingerprint knows %s', (entry, known) => expect(fingerprint(entry)).toBe(known));

describe('the logs of the configuration', () => {
  const entry = (text: string) => `[2026-11-23 14:00:00] production.${text}\n`;

  test('old errors are known, new ones are not; patterns are texts or expressions', async () => {
    const path = join(temporaryFolder(), 'laravel.log');
    const log = { path, minor: ['slow'], major: ['sqlstate'], critical: ['/out of (memory|space)/i'] };
    writeFileSync(path, entry('ERROR: SQLSTATE[1] of yesterday') + entry('INFO: well'));
    const told: string[] = [];
    const source = new LogSource([log], [await noteLog(log)], {}, (text) => told.push(text));
    appendFileSync(
      path,
      entry('ERROR: SQLSTATE[2] of yesterday') +
        entry('ERROR: SQLSTATE[3] is new').repeat(2) +
        entry('INFO: slow') +
        entry('INFO: well') +
        entry('ERROR: named by nobody') +
        entry('EMERGENCY: Out of Memory'),
    );
    const found = [...(await source.look()), ...(await source.look())];
    expect(found.map(({ matched, isError, isOld, count, text }) => [matched, isError, isOld, count, text])).toEqual([
      ['major', true, true, 1, '[2026-11-23 14:00:00] production.ERROR: SQLSTATE[2] of yesterday'],
      ['major', true, false, 2, '[2026-11-23 14:00:00] production.ERROR: SQLSTATE[3] is new'],
      ['minor', false, false, 1, '[2026-11-23 14:00:00] production.INFO: slow'],
      [undefined, true, false, 1, '[2026-11-23 14:00:00] production.ERROR: named by nobody'],
      ['critical', true, false, 1, '[2026-11-23 14:00:00] production.EMERGENCY: Out of Memory'],
    ]);
    expect(told).toEqual([]);
    await source.close();
  });

  test('a path that is not there, or is none, is told once', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'laravel.log');
    const told: string[] = [];
    const none = { minor: [], major: [], critical: [] };
    const source = new LogSource(
      [
        { path, ...none },
        { path: folder, ...none },
      ],
      [],
      {},
      (text) => told.push(text),
    );
    for (let look = 0; look < 3; look++) await source.look();
    appendFileSync(path, entry('ERROR: boom'));
    expect([...(await source.look()), ...(await source.look())].map(({ text }) => text)).toEqual([
      '[2026-11-23 14:00:00] production.ERROR: boom',
    ]);
    expect(told).toEqual([
      `${path} is not there yet: it is read when it comes`,
      `${folder} cannot be read: it is not a file`,
    ]);
    await source.close();
  });
});
