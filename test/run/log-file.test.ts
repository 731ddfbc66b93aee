import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Failure } from '../../src/errors.ts';
import { logLine } from '../../src/report/log-lines.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { type LogFileOptions, openLogFile } from '../../src/run/log-file.ts';
import { Secret } from '../../src/system/secret.ts';
import { bundleProgram } from '../support/bundle.ts';
import { deployStory, failedStory, stamped } from '../terminal/fixtures/story.ts';

const AT = new Date(2026, 10, 23, 9, 30, 0);
const NAME = 'migration_production_20261123_093000';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-migrate-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

function options(given: Partial<LogFileOptions> = {}): LogFileOptions {
  return {
    dir: join(folder, 'log'),
    fallbackDir: join(folder, 'state'),
    kind: 'production',
    at: AT,
    secrets: [],
    onWriteError: (warning) => expect.fail(warning),
    ...given,
  };
}

async function logOf(story: readonly RunEvent[], given: Partial<LogFileOptions> = {}): Promise<string> {
  const log = await openLogFile(options(given));
  for (const event of stamped(story)) log.reporter(event);
  log.close();
  return readFile(log.path, 'utf8');
}

test('tells every event in a line of its own', async () => {
  expect(await logOf(deployStory)).toBe(`\
2026-11-23T09:30:00.000Z INFO  run started: deploy on askproai_db on 127.0.0.1:3306
2026-11-23T09:30:01.000Z INFO  check ok: Connection: server: MySQL 9.7.4
2026-11-23T09:30:02.000Z WARN  check warning: Connection: clock: the server is 3.0 s ahead of this machine; remedy: timedatectl set-ntp true
2026-11-23T09:30:03.000Z INFO  check ok: Backup: free space: 12.3 GB
2026-11-23T09:30:04.000Z INFO  check advice: Connection: binary log: off: a restore can go back to the backup only
2026-11-23T09:30:05.000Z INFO  Ready to deploy: Database=askproai_db on 127.0.0.1:3306; Backup=yes, to /var/backups/mysql/askproai_db_pre_migration_20261123_093000.sql.gz; Migrations=1 migration, 2 statements
2026-11-23T09:30:06.000Z INFO  plan: backup, migrate; if something fails: undo
2026-11-23T09:30:07.000Z INFO  step backup started: Back up askproai_db
2026-11-23T09:30:08.000Z DEBUG progress backup: 4000000 of 12300000 bytes, 4000000 per second
2026-11-23T09:30:09.000Z INFO  step backup finished in 3100 ms: 12.3 MB, proven by a restore
2026-11-23T09:30:10.000Z INFO  step migrate started: Apply 1 migration
2026-11-23T09:30:11.000Z INFO  statement 060203 up 1/2 started: CREATE TABLE callback_requests (\\n  id BIGINT UNSIGNED NOT NULL\\n) ENGINE=InnoDB
2026-11-23T09:30:12.000Z INFO  statement 060203 up 1/2 finished in 12 ms, rows: 0
2026-11-23T09:30:13.000Z INFO  statement 060203 up 2/2 started: INSERT INTO callback_requests VALUES (1)
2026-11-23T09:30:14.000Z WARN  statement 060203 up 2/2 finished in 1 ms, rows: 1, warnings: Warning 1265: Data truncated
2026-11-23T09:30:15.000Z INFO  migration 060203 create_callback_requests_table up finished in 14 ms
2026-11-23T09:30:16.000Z INFO  step migrate finished in 20 ms
2026-11-23T09:30:17.000Z DEBUG the lock is held by connection 42
2026-11-23T09:30:18.000Z WARN  the site was down for longer than the rehearsal said
2026-11-23T09:30:19.000Z INFO  the caches are warm
2026-11-23T09:30:20.000Z INFO  run finished: deploy ok, exit code 0, production changed, 123000 ms; applied: 060203; reverted: none; backup: /var/backups/mysql/askproai_db_pre_migration_20261123_093000.sql.gz; maintenanceMs: 63000
`);
});

test('tells a failure with all its parts', async () => {
  expect((await logOf(failedStory)).split('\n').slice(3)).toEqual([
    "2026-11-23T09:30:03.000Z ERROR step migrate failed after 950 ms: Table 'branches' doesn't exist (1146)",
    '2026-11-23T09:30:04.000Z INFO  step undo started: Undo what was applied',
    '2026-11-23T09:30:05.000Z INFO  step undo finished in 5 ms: nothing to undo',
    "2026-11-23T09:30:06.000Z ERROR run finished: deploy failed, exit code 2, production unchanged, 4200 ms; what failed: migration 060203, statement 1 of 2: Table 'askproai_db.branches' doesn't exist (1146); state: production is as it was before; next: gateway-migrate deploy",
    '',
  ]);
});

test('of what a rehearsal has learned it says how much', async () => {
  const changes = ['table shops added', '  + column id int not null'];
  expect(await logOf([{ type: 'rehearsed', version: '1', changes, forecasts: [] }])).toBe(
    '2026-11-23T09:30:00.000Z DEBUG rehearsed 1: 2 lines of the schema differ\n',
  );
});

test('has no colour and no secret', async () => {
  const story: RunEvent[] = [{ type: 'note', level: 'info', text: '\x1b[31mred\x1b[39m\r\nhunter22' }];
  expect(await logOf(story, { secrets: [new Secret('hunter22')] })).toBe(
    '2026-11-23T09:30:00.000Z INFO  \\x1b[31mred\\x1b[39m\\r\\n••••••••\n',
  );
});

test('is for its owner only, under the name of the contract', async () => {
  const log = await openLogFile(options());
  log.close();
  expect(log.path).toBe(join(folder, 'log', `${NAME}.log`));
  expect(log.fellBack).toBeUndefined();
  expect((await stat(log.path)).mode & 0o777).toBe(0o600);
});

test('two in the same second are two files', async () => {
  for (let run = 0; run < 3; run += 1) (await openLogFile(options())).close();
  expect((await readdir(join(folder, 'log'))).sort()).toEqual([`${NAME}.log`, `${NAME}_2.log`, `${NAME}_3.log`]);
});

test('falls back to the state folder, and says so', async () => {
  await writeFile(join(folder, 'log'), 'a file, not a folder');
  const log = await openLogFile(options());
  log.close();
  expect(log.path).toBe(join(folder, 'state', `${NAME}.log`));
  expect(log.fellBack).toBe(
    `the log cannot be written to ${folder}/log (EEXIST: file already exists, mkdir '${folder}/log'); it is in ${folder}/state instead`,
  );
});

test('is refused when no folder can be written', async () => {
  await writeFile(join(folder, 'log'), '');
  const failure = await openLogFile(options({ fallbackDir: join(folder, 'log') })).catch((error: Failure) => error);
  expect(failure).toMatchObject({
    message: `the log cannot be written to ${folder}/log (EEXIST: file already exists, mkdir '${folder}/log'), nor to ${folder}/log (EEXIST: file already exists, mkdir '${folder}/log')`,
    exitCode: 5,
    next: 'gateway-migrate doctor',
  });
});

test('a disk that is full gives one warning, and the run goes on', async () => {
  const program = await bundleProgram(join(import.meta.dirname, 'fixtures/full-disk.ts'));
  try {
    // A file may grow to 1 kB here: the kernel then refuses to write, as it does when a disk is full.
    const run = promisify(execFile)('bash', ['-c', 'ulimit -f 1; exec "$0" "$@"', process.execPath, program, folder]);
    expect((await run).stdout).toBe(
      `warning: the log ${folder}/${NAME}.log cannot be written any more (EFBIG: file too large, write); the run goes on without it\nwent on\n`,
    );
    const log = await readFile(join(folder, `${NAME}.log`), 'utf8');
    expect(log.length).toBeLessThanOrEqual(1024);
  } finally {
    await rm(dirname(program), { recursive: true });
  }
});

test('progress is told every ten seconds', async () => {
  const progress: RunEvent = {
    type: 'progress',
    id: 'backup',
    done: 1,
    total: undefined,
    unit: 'rows',
    perSecond: undefined,
    etaMs: undefined,
  };
  expect(await logOf(Array.from({ length: 12 }, () => progress))).toBe(
    '2026-11-23T09:30:00.000Z DEBUG progress backup: 1 rows\n2026-11-23T09:30:10.000Z DEBUG progress backup: 1 rows\n',
  );
});

test('an event that nobody has a line for is an error, not a gap in the log', () => {
  const event = { type: 'novelty' } as unknown as RunEvent;
  expect(() => logLine(event)).toThrow('no log line for the event {"type":"novelty"}');
});
