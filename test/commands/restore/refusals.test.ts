import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { listBackups } from '../../../src/backup/file/folder.ts';
import { type Manifest, writeManifest } from '../../../src/backup/file/manifest.ts';
import { readRange } from '../../../src/backup/file/range.ts';
import { readHead } from '../../../src/backup/file/table-section.ts';
import type { Moment } from '../../../src/binlog/moment.ts';
import { parsePlace } from '../../../src/binlog/range.ts';
import { describeBackup } from '../../../src/commands/backup/list.ts';
import { chooseBackup, chooseFile, requireBefore } from '../../../src/commands/restore/backup.ts';
import { earliestOf, pointLeavingOut, requireNames } from '../../../src/commands/restore/leave-out.ts';
import { pointAt } from '../../../src/commands/restore/point.ts';
import { describeChoice } from '../../../src/commands/restore/tables.ts';
import { type RestoreOptions, restoreCommand } from '../../../src/commands/restore.ts';
import type { Config } from '../../../src/config/config.ts';
import { requireWhole } from '../../../src/phases/backup/whole-backup.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { recordedContext } from '../../support/recorded-context.ts';
import { invoke } from '../invoke.ts';

const STATE = 'nothing was started, production is unchanged';

test('a backup that is not there, or cannot be read', async () => {
  const dir = temporaryFolder();
  const config = { backup: { dir }, database: { database: 'shop' } } as Config;
  await expect(chooseBackup('latest', undefined, config, invoke({ cwd: dir }).invocation)).rejects.toMatchObject({
    message: `there is no backup of shop in ${dir}`,
    exitCode: 2,
    state: 'production is as it was before',
    next: 'gateway-migrate restore --backup FILE',
  });
  const file = join(dir, 'shop.sql.gz');
  const missing = 'there is no such file';
  await expect(chooseBackup('shop.sql.gz', undefined, config, invoke({ cwd: dir }).invocation)).rejects.toMatchObject({
    message: `cannot read ${file}: ${missing}`,
    next: 'gateway-migrate backup list',
  });
  await expect(requireWhole(file, recordedContext())).rejects.toMatchObject({
    message: `${file} cannot be restored: ${missing}`,
    exitCode: 5,
    state: STATE,
    next: 'gateway-migrate backup list',
  });
});

test('a backup whose proof failed is passed over, and told; it is taken when there is no other', async () => {
  const dir = temporaryFolder();
  const config = { backup: { dir }, database: { database: 'shop' } } as Config;
  const { invocation, events } = invoke({ cwd: dir });
  const disproof = {
    at: '2026-11-23T06:00:00.000Z',
    method: 'm',
    differences: ['table t is not the same after the load'],
  };
  const write = async (name: string, day: number, changes: Partial<Manifest>) => {
    const file = join(dir, `${name}.sql.gz`);
    writeFileSync(file, '');
    const at = `2026-11-0${day}T00:00:00.000Z`;
    await writeManifest(file, { ...MANIFEST, startedAt: at, finishedAt: at, ...changes });
    return file;
  };
  const bad = await write('bad', 2, { disproof });
  expect(await chooseFile('latest', undefined, config, invocation)).toBe(bad);
  expect(events).toEqual([]);
  const good = await write('good', 1, {});
  const torn = await write('torn', 3, { database: 'another', bytes: 7 });
  expect(await chooseFile('latest', undefined, config, invocation)).toBe(good);
  const text = `${bad} is passed over, its proof failed: table t is not the same after the load`;
  expect(events).toMatchObject([{ type: 'note', level: 'warning', text }]);
  const listed = (await listBackups(dir)).map((one) => describeBackup(one, new Date('2026-11-04T00:00:00Z')));
  expect(listed.map((line) => line.replace(/.*mysql 9\.7\.4 {2}/, ''))).toEqual([
    'DAMAGED: 0 bytes instead of 7  can restore to 2026-11-03 00:00',
    'PROOF FAILED 2026-11-23 06:00  can restore to 2026-11-02 00:00',
    'not proven  can restore to 2026-11-01 00:00',
  ]);
  expect(listed[0]).toContain(torn);
});

test('a backup from after the moment is refused when it is named', () => {
  const position = { file: 'binlog.000002', position: 500, gtid: null };
  const manifest = { ...MANIFEST, finishedAt: '2026-11-23T06:30:00.000Z', position };
  const check = (moment: Moment) => () => requireBefore('f.sql.gz', manifest, moment);
  const wrong = expect.objectContaining({
    message: 'f.sql.gz holds the database as it was at 2026-11-23T06:30:00.000Z, after that moment',
    exitCode: 2,
    next: 'gateway-migrate restore --until MOMENT, without --backup',
  });
  const micros = Date.parse(manifest.finishedAt) * 1000;
  expect(check({ is: 'time', micros: micros - 1 })).toThrow(wrong);
  expect(check({ is: 'time', micros })).not.toThrow();
  expect(check({ is: 'position', file: 'binlog.000002', position: 499 })).toThrow(wrong);
  expect(check({ is: 'position', file: 'binlog.000001', position: 900 })).toThrow(wrong);
  expect(check({ is: 'position', file: 'binlog.000002', position: 500 })).not.toThrow();
  expect(check({ is: 'run', run: '20260101T000000000Z-aaaa' })).not.toThrow();
});

/** Numbers have six digits, and behind 999999 more. */
const TURNS: readonly (readonly [earlier: string, later: string])[] = [
  ['binlog.000002:900', 'binlog.000003:4'],
  ['binlog.000002:90', 'binlog.000002:100'],
  ['binlog.999999:900', 'binlog.1000000:4'],
  ['binlog.999999:4', 'binlog.1000000:900'],
  ['binlog.1000000:900', 'binlog.1000001:4'],
];

test.each(TURNS)('a backup from %s is from before %s, not the other way round', (earlier, later) => {
  const check = (at: string, moment: string) => {
    const position = { ...parsePlace(at), gtid: null };
    const manifest = { ...MANIFEST, finishedAt: '2026-11-23T06:30:00.000Z', position };
    return () => requireBefore('f.sql.gz', manifest, { is: 'position', ...parsePlace(moment) });
  };
  expect(check(earlier, later)).not.toThrow();
  expect(check(later, earlier)).toThrow(/^f\.sql\.gz holds the database as it was at .*, after that moment$/);
});

test.each(TURNS)('of %s and %s the first is the earlier one, however they are named', (earlier, later) => {
  const [one, other] = requireNames([earlier, later]);
  expect(earliestOf(requireNames([later, earlier]))).toEqual(one);
  expect(earliestOf(requireNames([earlier, later]))).toEqual(one);
  expect(earliestOf(requireNames([later, later]))).toEqual(other);
});

const MANIFEST: Manifest = {
  format: 1,
  toolVersion: '0.1.0',
  file: 'f',
  compression: 'gzip',
  database: 'shop',
  charset: 'utf8mb4',
  collation: 'utf8mb4_bin',
  server: { flavor: 'mysql', version: '9.7.4', uuid: null, host: 'h' },
  client: 'MySQL 9.7.4',
  startedAt: '',
  finishedAt: '',
  position: null,
  positionReason: '',
  sha256: '0'.repeat(64),
  bytes: 0,
  rawBytes: 0,
  preamble: { offset: 0, length: 0 },
  tables: [],
  objects: { view: [], trigger: [], procedure: [], function: [], event: [], sequence: [] },
  proof: null,
};

test('--until that is no moment is wrong usage, before anything is read', async () => {
  const { invocation, events } = invoke({ cwd: temporaryFolder() });
  const options = { backup: 'latest', until: 'yesterday', services: true, inPlace: false };
  expect(await restoreCommand(options as RestoreOptions, invocation)).toBe(64);
  expect(events.at(-1)).toMatchObject({
    type: 'run.finished',
    error: {
      what: '--until yesterday is no time, no run and no place in the binary log',
      state: STATE,
      next: "gateway-migrate restore --until '2026-11-23 06:28:23' (or a run's id from gateway-migrate status)",
    },
  });
});

test('--until that has not come yet is wrong usage, too: everything would be repeated, the accident as well', async () => {
  const { invocation, events } = invoke({ cwd: temporaryFolder() });
  const options = { backup: 'latest', until: '2999-01-01T00:00:00Z', services: true, inPlace: false };
  expect(await restoreCommand(options as RestoreOptions, invocation)).toBe(64);
  expect(events.at(-1)).toMatchObject({
    error: {
      what: expect.stringMatching(
        /^--until 2999-01-01T00:00:00Z has not come yet: it is \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/,
      ),
      state: STATE,
    },
  });
});

test.each([
  [
    '2026-10-25 02:30:00',
    'came twice: the clocks of this time zone were put back',
    'gateway-migrate restore --until 2026-10-25T02:30:00+02:00, or gateway-migrate restore --until 2026-10-25T02:30:00+01:00',
  ],
  [
    '2026-03-29 02:30:00',
    'never was: the clocks of this time zone were put forward over it',
    "gateway-migrate restore --until '2026-11-23 06:28:23+00:00' (with an offset)",
  ],
])('--until %s has to be said with an offset where the clocks were changed', async (until, what, next) => {
  vi.stubEnv('TZ', 'Europe/Berlin');
  const { invocation, events } = invoke({ cwd: temporaryFolder() });
  const options = { backup: 'latest', until, services: true, inPlace: false };
  expect(await restoreCommand(options as RestoreOptions, invocation)).toBe(64);
  vi.unstubAllEnvs();
  expect(events.at(-1)).toMatchObject({ error: { what: `--until ${until} ${what}`, state: STATE, next } });
});

test('a part of a backup that is not what the manifest says', async () => {
  const file = join(temporaryFolder(), 'shop.sql.gz');
  const bytes = gzipSync('-- nothing here\n');
  writeFileSync(file, bytes);
  await expect(readHead(file, { offset: 0, length: bytes.length })).rejects.toThrow(
    'its section of the backup holds no CREATE TABLE',
  );
  const reading = async () => {
    for await (const _ of readRange(file, { offset: 0, length: 12 }));
  };
  await expect(reading()).rejects.toThrow(new RegExp(`^${file} could not be read to its end: `));
});

test('a moment that cannot be brought back', async () => {
  const moment = { is: 'run', run: 'run-7' } as const;
  const closed = { problem: 'the server writes no binary log (log_bin is OFF)', remedy: undefined };
  await expect(pointAt(moment, closed, 'b.sql.gz')).rejects.toMatchObject({
    message: 'no moment after the backup can be brought back: the server writes no binary log (log_bin is OFF)',
    exitCode: 5,
    state: STATE,
    next: "gateway-migrate restore --backup b.sql.gz (to the backup's own moment: every write since then is lost)",
  });
  await expect(
    pointLeavingOut({ names: [moment], onConflict: 'stop' }, closed, 'b.sql.gz', {} as never, {} as never),
  ).rejects.toMatchObject({
    message: 'nothing after the backup can be brought back: the server writes no binary log (log_bin is OFF)',
    exitCode: 5,
    next: "gateway-migrate restore --backup b.sql.gz (to the backup's own moment: every write since then is lost)",
  });
  const survey = { next: undefined } as never;
  const open = { survey: async () => survey } as never;
  await expect(pointAt(moment, open, 'b.sql.gz')).rejects.toMatchObject({
    message: 'run run-7 is not in the binary log since the backup b.sql.gz',
    next: 'gateway-migrate restore --backup FILE --until RUN, with a backup from before that run',
  });
  const at = { file: 'binlog.2', position: 4 };
  const refused = {
    at,
    committed: { micros: 0, precision: 1 },
    threadId: 7,
    reason: 'it names shop',
    text: 'DROP TABLE t',
  };
  const blocked = { survey: async () => ({ refused }) } as never;
  await expect(pointAt({ is: 'position', ...at }, blocked, 'b.sql.gz')).rejects.toMatchObject({
    message: expect.stringMatching(/^the binary log cannot be repeated: .*it names shop/),
  });
});

test('a table that the backup does not have: a few are named, of many it says where they stand', () => {
  const names = Array.from({ length: 21 }, (_, index) => `t${index}`);
  expect(describeChoice(new Set(['a', 'b']), '/b.sql.gz')).toBe('these: a, b');
  expect(describeChoice(new Set(names), '/b.sql.gz')).toBe('the 21 tables in /b.sql.gz.manifest.json');
});
