import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { warnOfPlainNetwork } from '../../src/commands/shared/begin.ts';
import type { Config } from '../../src/config/config.ts';
import { goesUnencrypted } from '../../src/mysql/encryption.ts';
import { checkForeignHands } from '../../src/preflight/own-folders.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { writeFileAtomically } from '../../src/system/files.ts';
import { temporaryFolder } from '../support/folder.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, PASSWORD, type Production } from './production.ts';

const WEBHOOK = 'http://127.0.0.1:9/T0/secret-of-the-webhook';
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
const OBEYED = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]/;

describeOnServers('a deploy under umask 0777, with secrets in its environment and an evil name', (server) => {
  let production: Production;
  let outcome: { code: number | null; said: string };

  /** What each command of the configuration is given, and what runs beside it. */
  const WITNESS =
    '#!/bin/sh\numask 022\nenv > "$1.env"\nps -ww -o args= -p $PPID > "$1.ps"\ncat /proc/self/coredump_filter > "$1.core"\n';

  beforeAll(async () => {
    production = await createProduction(server(), {
      migrations: {
        '1_evil.sql':
          '-- migrate:up\nCREATE TABLE `a\x1b]0;owned\x07b` (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE `a\x1b]0;owned\x07b`;\n',
      },
    });
    const witness = join(production.dir, 'witness.sh');
    writeFileSync(witness, WITNESS);
    chmodSync(witness, 0o700);
    production.configure({
      app: {
        dir: production.dir,
        caches: 'none',
        maintenance: { enter: [witness, 'enter'], leave: [witness, 'leave'] },
      },
      notify: [{ type: 'slack', url: '${SLACK_WEBHOOK}' }],
    });
    const env = { GATEWAY_MIGRATE_PASSWORD: PASSWORD, SLACK_WEBHOOK: WEBHOOK };
    const before = process.umask(0o777);
    const run = production.runWith(env, 'deploy', '--yes', '--verbose');
    process.umask(before);
    const { code, stdout, stderr } = await run;
    outcome = { code, said: stdout + stderr };
  });
  afterAll(() => production?.remove());

  const written = () =>
    ['.gateway-migrate', 'logs', 'backups'].flatMap((folder) =>
      readdirSync(join(production.dir, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(production.dir, folder, name),
      ),
    );

  test('ends well', () => expect(outcome).toMatchObject({ code: 0 }));

  test('leaves files for their owner only', () => {
    const modes = written().map((path) => [lstatSync(path).isDirectory(), lstatSync(path).mode & 0o777] as const);
    expect(new Set(modes.filter(([isFolder]) => !isFolder).map(([, mode]) => mode))).toEqual(new Set([0o600]));
    expect(new Set(modes.filter(([isFolder]) => isFolder).map(([, mode]) => mode))).toEqual(new Set([0o700]));
    expect(modes.length).toBeGreaterThan(5);
  });

  test('has its secrets in no file, argument, environment or line', () => {
    const texts = written()
      .filter((path) => lstatSync(path).isFile())
      .map((path) => readFileSync(path, 'latin1'));
    const seen = ['enter', 'leave'].flatMap((name) =>
      ['env', 'ps'].map((kind) => readFileSync(join(production.dir, `${name}.${kind}`), 'utf8')),
    );
    for (const text of [...texts, ...seen, outcome.said]) {
      expect(text).not.toContain(PASSWORD);
      expect(text).not.toContain(Buffer.from(PASSWORD).toString('latin1'));
      expect(text).not.toContain('secret-of-the-webhook');
    }
    expect(seen[0]).toContain('PATH=');
    expect(seen[0]).not.toContain('GATEWAY_MIGRATE_PASSWORD');
    expect(seen[1]).toContain('gateway-migrate');
  });

  test.runIf(process.platform === 'linux')('leaves its memory out of core dumps', () =>
    expect(Number.parseInt(readFileSync(join(production.dir, 'enter.core'), 'utf8'), 16)).toBe(0),
  );

  test('shows the evil name on the terminal and in the log, and obeys it nowhere', () => {
    expect(outcome.said).toContain('a\\x1b]0;owned\\x07b');
    const [log = ''] = readdirSync(production.logs).map((name) => readFileSync(join(production.logs, name), 'utf8'));
    expect(log).toContain('a\\x1b]0;owned\\x07b');
    for (const text of [outcome.said, log]) expect(text).not.toMatch(OBEYED);
  });

  test('verify says the same of it', async () => {
    const { stdout, stderr } = await production.run('verify', '--verbose');
    expect(stdout + stderr).not.toMatch(OBEYED);
    const json = await production.run('status', '--json');
    expect(json.stdout).not.toMatch(OBEYED);
  });
});

describe('files in a folder that others may write to', () => {
  test('a link under the name that we write to is not followed', async () => {
    const folder = temporaryFolder();
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, join(folder, `plan.json.${process.pid}.tmp`));
    symlinkSync(victim, join(folder, 'plan.json'));
    await writeFileAtomically(join(folder, 'plan.json'), 'ours');
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(readFileSync(join(folder, 'plan.json'), 'utf8')).toBe('ours');
    expect(lstatSync(join(folder, 'plan.json')).isSymbolicLink()).toBe(false);
  });

  test('folders of backups and of migrations are told', () => {
    const folder = temporaryFolder();
    const [backups, migrations] = [join(folder, 'backups'), join(folder, 'migrations')];
    for (const path of [backups, migrations]) {
      mkdirSync(path);
      expect(checkForeignHands({ backup: { dir: backups }, migrations: { dir: migrations } } as Config)).toEqual([]);
    }
    for (const path of [backups, migrations]) chmodSync(path, 0o777);
    const found = checkForeignHands({ backup: { dir: backups }, migrations: { dir: migrations } } as Config);
    expect(found.map(({ level, name, detail, remedy }) => `${level} ${name}: ${detail}; ${remedy}`)).toEqual([
      `warning who writes backups: ${backups} may be written to by everybody (mode 0777), and the SQL of a backup is run as the administrator; chmod go-w ${backups}`,
      `warning who writes migrations: ${migrations} may be written to by everybody (mode 0777), and their SQL is run as the administrator; chmod go-w ${migrations}`,
    ]);
  });
});

describe('a password that goes over a network', () => {
  test.each([
    [{ host: 'db1' }, true],
    [{ host: '192.0.2.7' }, true],
    [{ host: 'db1', tls: true as const }, false],
    [{ host: 'localhost' }, false],
    [{ host: '127.0.0.2' }, false],
    [{ host: '::1' }, false],
    [{ socket: '/run/mysqld/mysqld.sock' }, false],
  ])('%j: unencrypted to another machine is %s', (place, expected) => {
    expect(goesUnencrypted({ database: 'shop', user: 'app', tls: false, ...place })).toBe(expected);
  });

  test('is announced before it is sent', () => {
    const events: RunEvent[] = [];
    const hub = { report: (event: RunEvent) => void events.push(event) } as never;
    const database = { host: 'db1', database: 'shop', user: 'app', tls: false };
    warnOfPlainNetwork({ database, rehearsal: 'private' } as unknown as Config, { hub });
    expect(events).toEqual([
      {
        type: 'note',
        level: 'warning',
        text: 'the connection to db1 is not encrypted: whoever is on the way can read the rows and take the password; set database.tls to true, or to { ca: FILE }',
      },
    ]);
  });
});

test('the tools that look are there', () => expect(spawnSync('ps', ['--version']).status).toBe(0));
