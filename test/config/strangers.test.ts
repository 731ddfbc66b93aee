import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { findStrangers, ownTrust, trustAlso } from '../../src/system/trust.ts';
import { failureOf, makeFolder } from './folder.ts';

const NOBODY = 65534;
const isRoot = process.geteuid?.() === 0;
const ME = isRoot ? 'root' : spawnSync('id', ['-un'], { encoding: 'utf8' }).stdout.trim();
const YAML = 'gateway-migrate.config.yaml';
const DATABASE = 'database: { host: 127.0.0.1, port: 1, name: shop, user: deploy }\n';
const CHMOD = (mode: number) => (path: string) => chmodSync(path, mode);
const TO_NOBODY = (path: string) => chownSync(path, NOBODY, NOBODY);
const BELONGS = 'belongs to nobody (uid 65534)';
const OPEN = (mode: string) => `may be written to by everybody (mode ${mode})`;

interface Case {
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  /** Folder below the made one that the command is typed in. */
  readonly below?: string;
  /** What is done to what; `.` is the made folder. */
  readonly change: readonly (readonly [path: string, change: (path: string) => void])[];
  /** Null: it is obeyed. */
  readonly refused: readonly string[] | null;
  readonly env?: Readonly<Record<string, string>>;
  readonly needsRoot?: boolean;
}

const configText = (path: string, who: string, remedy: string) =>
  `  ${path}: not obeyed, because ${who}, and it decides what is run in your name; mend that (${remedy}), or name the file`;
const MODULE = 'export default { database: { name: "shop", user: "deploy" } };';
const HOOK = '#!/bin/sh\n';

const CONFIGURATIONS: readonly Case[] = [
  { title: 'our own', files: { [YAML]: DATABASE }, change: [], refused: null },
  {
    title: 'a program above us that everybody may write to',
    files: { 'gateway-migrate.config.mjs': MODULE, 'a/b/x': '' },
    below: 'a/b',
    change: [['gateway-migrate.config.mjs', CHMOD(0o666)]],
    refused: [
      configText(
        '<folder>/gateway-migrate.config.mjs',
        `it ${OPEN('0666')}`,
        'chmod go-w <folder>/gateway-migrate.config.mjs',
      ),
    ],
  },
  {
    title: 'a program above us of somebody else',
    files: { 'gateway-migrate.config.mjs': MODULE, 'a/b/x': '' },
    below: 'a/b',
    change: [['gateway-migrate.config.mjs', TO_NOBODY]],
    refused: [
      configText(
        '<folder>/gateway-migrate.config.mjs',
        `it ${BELONGS}`,
        `chown -h ${ME} <folder>/gateway-migrate.config.mjs`,
      ),
    ],
    needsRoot: true,
  },
  {
    title: 'ours in a folder that everybody may write to',
    files: { [`shared/${YAML}`]: DATABASE },
    below: 'shared',
    change: [['shared', CHMOD(0o777)]],
    refused: [configText(`<folder>/shared/${YAML}`, `<folder>/shared ${OPEN('0777')}`, 'chmod go-w <folder>/shared')],
  },
  {
    title: 'ours in a folder that everybody may write to, with the sticky bit',
    files: { [`shared/${YAML}`]: DATABASE },
    below: 'shared',
    change: [['shared', CHMOD(0o1777)]],
    refused: null,
  },
  {
    title: "somebody else's in such a folder",
    files: { [`shared/${YAML}`]: DATABASE },
    below: 'shared',
    change: [
      ['shared', CHMOD(0o1777)],
      [`shared/${YAML}`, TO_NOBODY],
    ],
    refused: [configText(`<folder>/shared/${YAML}`, `it ${BELONGS}`, `chown -h ${ME} <folder>/shared/${YAML}`)],
    needsRoot: true,
  },
  {
    title: 'ours below a folder of somebody else',
    files: { [`home/site/${YAML}`]: DATABASE },
    below: 'home/site',
    change: [['home', TO_NOBODY]],
    refused: [configText(`<folder>/home/site/${YAML}`, `<folder>/home ${BELONGS}`, `chown -h ${ME} <folder>/home`)],
    needsRoot: true,
  },
  {
    title: 'what a link of ours leads to, where everybody may write',
    files: { [`shared/${YAML}`]: DATABASE, 'site/x': '' },
    below: 'site',
    change: [
      ['shared', CHMOD(0o777)],
      [`site/${YAML}`, (path) => symlinkSync(`../shared/${YAML}`, path)],
    ],
    refused: [configText(`<folder>/site/${YAML}`, `<folder>/shared ${OPEN('0777')}`, 'chmod go-w <folder>/shared')],
  },
  {
    title: 'a folder that is a link through a place where everybody may write',
    files: { [`good/${YAML}`]: DATABASE, 'shared/x': '' },
    below: 'site',
    change: [
      ['shared', CHMOD(0o777)],
      ['shared/hop', (path) => symlinkSync('../good', path)],
      ['site', (path) => symlinkSync('shared/hop', path)],
    ],
    refused: [configText(`<folder>/site/${YAML}`, `<folder>/shared ${OPEN('0777')}`, 'chmod go-w <folder>/shared')],
  },
  {
    title: 'that a group of others may write to',
    files: { [YAML]: DATABASE },
    change: [
      [YAML, (path) => chownSync(path, 0, NOBODY)],
      [YAML, CHMOD(0o664)],
    ],
    refused: [
      configText(
        `<folder>/${YAML}`,
        'it may be written to by the group nogroup (gid 65534) (mode 0664)',
        `chmod g-w <folder>/${YAML}`,
      ),
    ],
    needsRoot: true,
  },
  {
    title: 'that our own group may write to',
    files: { [YAML]: DATABASE },
    change: [[YAML, CHMOD(0o664)]],
    refused: null,
    needsRoot: true,
  },
];

const PARTS: readonly Case[] = [
  {
    title: 'a .env that everybody may write to',
    files: { '.env': 'DB_DATABASE=shop\nDB_USERNAME=deploy\n' },
    change: [['.env', CHMOD(0o606)]],
    refused: [
      `  <folder>/.env: not used, because it ${OPEN('0606')}; mend that (chmod go-w <folder>/.env), or name the application: app.dir, with its whole path`,
    ],
  },
  {
    title: 'an artisan of somebody else, found beside the configuration',
    files: { [YAML]: DATABASE, artisan: '' },
    change: [['artisan', TO_NOBODY]],
    refused: [
      `  <folder>/artisan: not used, because it ${BELONGS}; mend that (chown -h ${ME} <folder>/artisan), or name the application: app.dir, with its whole path`,
    ],
    needsRoot: true,
  },
  {
    title: 'migrations that everybody may add to',
    files: { [YAML]: DATABASE, 'migrations/1_a.sql': '' },
    change: [['migrations', CHMOD(0o777)]],
    refused: [
      `  migrations.dir: <folder>/migrations not used, because it ${OPEN('0777')}; mend that (chmod go-w <folder>/migrations), or name the folder: migrations.dir, with its whole path`,
    ],
  },
  {
    title: 'a migration of somebody else',
    files: { [YAML]: `${DATABASE}migrations: { dir: migrations }\n`, 'migrations/1_a.sql': '' },
    change: [['migrations/1_a.sql', TO_NOBODY]],
    refused: [
      `  migrations.dir: <folder>/migrations/1_a.sql not used, because it ${BELONGS}; mend that (chown -h ${ME} <folder>/migrations/1_a.sql), or name the folder: migrations.dir, with its whole path`,
    ],
    needsRoot: true,
  },
  {
    title: 'migrations of somebody else, named with the whole path',
    files: { 'there/1_a.sql': '', [YAML]: `${DATABASE}migrations: { dir: <folder>/there }\n` },
    change: [['there', TO_NOBODY]],
    refused: null,
    needsRoot: true,
  },
  {
    title: 'a state folder that others may write to',
    files: { [YAML]: DATABASE, '.gateway-migrate/x': '' },
    change: [['.gateway-migrate', CHMOD(0o777)]],
    refused: [
      `  state: <folder>/.gateway-migrate not used, because it ${OPEN('0777')}; mend that (chmod go-w <folder>/.gateway-migrate), or set state to a folder of your own`,
    ],
  },
  {
    title: 'a state folder that is to be made where others may write',
    files: { [YAML]: `${DATABASE}state: shared/state\n`, 'shared/x': '' },
    change: [['shared', CHMOD(0o777)]],
    refused: [
      `  state: <folder>/shared/state not used, because <folder>/shared ${OPEN('0777')}; mend that (chmod go-w <folder>/shared), or set state to a folder of your own`,
    ],
  },
  {
    title: 'a command that everybody may write to',
    files: {
      [YAML]: `${DATABASE}app: { dir: ., maintenance: { enter: [./down.sh], leave: ["true"] } }\n`,
      'down.sh': HOOK,
    },
    change: [['down.sh', CHMOD(0o777)]],
    refused: [
      `  app.maintenance.enter: <folder>/down.sh not used, because it ${OPEN('0777')}; mend that (chmod go-w <folder>/down.sh)`,
    ],
  },
  {
    title: 'a script of a shell that everybody may write to',
    files: { [YAML]: `${DATABASE}app: { dir: ., caches: [[sh, -e, ./clear.sh]] }\n`, 'clear.sh': HOOK },
    change: [['clear.sh', CHMOD(0o777)]],
    refused: [
      `  app.caches[0]: <folder>/clear.sh not used, because it ${OPEN('0777')}; mend that (chmod go-w <folder>/clear.sh)`,
    ],
  },
  {
    title: 'a command of notify that somebody else owns',
    files: { [YAML]: `${DATABASE}notify: [{ type: command, run: [./tell.sh] }]\n`, 'tell.sh': HOOK },
    change: [['tell.sh', TO_NOBODY]],
    refused: [
      `  notify[0].run: <folder>/tell.sh not used, because it ${BELONGS}; mend that (chown -h ${ME} <folder>/tell.sh)`,
    ],
    needsRoot: true,
  },
  {
    title: 'a command that is found in a folder of PATH that everybody may write to',
    files: { [YAML]: `${DATABASE}notify: [{ type: command, run: [tell] }]\n`, 'bin/tell': HOOK },
    change: [
      ['bin/tell', CHMOD(0o755)],
      ['bin', CHMOD(0o777)],
    ],
    env: { PATH: '<folder>/bin:/usr/bin' },
    refused: [
      `  notify[0].run: <folder>/bin/tell not used, because <folder>/bin ${OPEN('0777')}; mend that (chmod go-w <folder>/bin)`,
    ],
  },
  {
    title: 'an application of another account, named, whose artisan runs as that account',
    files: { [YAML]: `${DATABASE}app: { dir: site }\n`, 'site/artisan': '', 'site/.env': 'A=1', 'site/storage/x': '' },
    change: [
      ['site', TO_NOBODY],
      ['site/artisan', TO_NOBODY],
      ['site/.env', TO_NOBODY],
      ['site/storage', TO_NOBODY],
    ],
    refused: null,
    needsRoot: true,
  },
  {
    title: 'an artisan of another account that would run as us',
    files: { [YAML]: `${DATABASE}app: { dir: site }\n`, 'site/artisan': '', 'site/storage/x': '' },
    change: [['site/artisan', TO_NOBODY]],
    refused: [
      `  app.dir: <folder>/site/artisan not used, because it ${BELONGS}; mend that (chown -h ${ME} <folder>/site/artisan)`,
    ],
    needsRoot: true,
  },
];

function stage({ files, change, below = '.' }: Case): { readonly root: string; readonly cwd: string } {
  const root = makeFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text.replaceAll('<folder>', root), { mode: 0o600 });
  }
  for (const [path, how] of change) how(join(root, path));
  return { root, cwd: join(root, below) };
}

function judge(one: Case) {
  const { root, cwd } = stage(one);
  const path = one.env?.PATH ?? '/usr/bin:/bin';
  const loading = loadConfig({ cwd, env: { ...one.env, PATH: path.replaceAll('<folder>', root) } });
  const shown = (text: string) => text.replaceAll(root, '<folder>');
  return { loading, shown };
}

const runnable = (cases: readonly Case[]) => cases.filter(({ needsRoot }) => isRoot || !needsRoot);

describe.each([
  ['a configuration that is found', CONFIGURATIONS],
  ['of what it leads to,', PARTS],
])('%s', (_what, cases) => {
  test.each(runnable(cases))('$title', async (one) => {
    const { loading, shown } = judge(one);
    if (one.refused === null) return void (await loading);
    const failure = await failureOf(loading);
    const count = one.refused.length === 1 ? 'a problem' : `${one.refused.length} problems`;
    expect(shown(failure.message).split('\n')).toEqual([`the configuration has ${count}`, ...one.refused]);
    const next =
      cases === CONFIGURATIONS ? /^gateway-migrate --config <folder>\S+ doctor$/ : /^gateway-migrate doctor$/;
    expect(shown(failure.next)).toMatch(next);
    expect(failure).toMatchObject({ exitCode: 78, production: 'unchanged' });
  });

  test.skipIf(isRoot)('as root only: files of another account', ({ skip }) => skip('only root can give a file away'));
});

test.each(runnable(CONFIGURATIONS).filter(({ refused }) => refused))(
  'named on purpose, it is obeyed: $title',
  async (one) => {
    const { cwd } = stage(one);
    const file =
      readdirSync(cwd).find((name) => name.startsWith('gateway-migrate.config')) ?? `../../gateway-migrate.config.mjs`;
    const config = await loadConfig({ cwd, file, env: {} });
    expect(config.database.database).toBe('shop');
  },
);

test('whoever may write the named configuration is trusted with the rest, and nobody else', () => {
  const root = makeFolder({ a: '', b: '' });
  chmodSync(join(root, 'a'), 0o666);
  const trust = trustAlso(ownTrust(), findStrangers(join(root, 'a'), ownTrust()));
  chmodSync(join(root, 'b'), 0o666);
  expect(findStrangers(join(root, 'b'), trust)).toEqual([]);
  expect(findStrangers(join(root, 'b'), ownTrust())).toMatchObject([{ path: join(root, 'b') }]);
});

describe.runIf(isRoot)('the program itself, typed by real accounts', () => {
  const EVIL = (marker: string) =>
    `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(marker)}, String(process.getuid()));
     export default { database: { name: 'shop', user: 'deploy', host: '127.0.0.1', port: 1 } };`;

  /** A copy that every account may read. */
  function install(root: string): string {
    chmodSync(root, 0o755);
    cpSync(dirname(dirname(inject('program'))), join(root, 'tool'), { recursive: true });
    chmodSync(join(root, 'tool'), 0o755);
    return join(root, 'tool/bin/gateway-migrate.js');
  }

  function type(program: string, uid: number, cwd: string, args: readonly string[]) {
    const as = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', process.execPath, program, ...args];
    const [file = '', ...rest] = as;
    const { status, stdout, stderr } = spawnSync(file, rest, {
      cwd,
      env: { PATH: process.env.PATH ?? '' },
      encoding: 'utf8',
    });
    return { code: status, said: stdout + stderr };
  }

  test("root does not run what nobody has put above, until it is named; nobody runs what is nobody's or root's", () => {
    const root = makeFolder();
    const program = install(root);
    const config = join(root, 'upload/gateway-migrate.config.mjs');
    const marker = join(root, 'upload/ran');
    mkdirSync(join(root, 'upload/site/deep'), { recursive: true });
    writeFileSync(config, EVIL(marker), { mode: 0o644 });
    for (const path of ['upload', 'upload/gateway-migrate.config.mjs', 'upload/site', 'upload/site/deep'])
      TO_NOBODY(join(root, path));
    const cwd = join(root, 'upload/site/deep');

    const refused = type(program, 0, cwd, ['status']);
    expect(refused.code).toBe(78);
    expect(refused.said).toContain(`gateway-migrate --config ${config} doctor`);
    expect(existsSync(marker)).toBe(false);

    expect(type(program, 0, cwd, ['--config', config, 'status']).said).toContain('127.0.0.1:1');
    expect(existsSync(marker)).toBe(true);
    renameSync(marker, `${marker}.root`);

    expect(type(program, NOBODY, cwd, ['status']).said).toContain('127.0.0.1:1');
    expect(existsSync(marker)).toBe(true);

    const ofRoot = join(root, 'etc');
    mkdirSync(ofRoot);
    writeFileSync(join(ofRoot, YAML), DATABASE, { mode: 0o644 });
    expect(type(program, NOBODY, ofRoot, ['status']).said).toContain('127.0.0.1:1');
  });
});
