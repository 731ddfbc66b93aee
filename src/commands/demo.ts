import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type DemoAccount, type DemoFolder, writeDemoFolder } from '../demo/folder.ts';
import { buildGateway, type Gateway } from '../demo/gateway/gateway.ts';
import { provisionServer, type SandboxServer } from '../demo/provision.ts';
import { type Site, startSite } from '../demo/site.ts';
import { ExitCode, failedUnchanged } from '../errors.ts';
import { connect, type Server } from '../mysql/connect.ts';
import { quoteName } from '../mysql/quote.ts';
import { atExit } from '../private-server/lifetime.ts';
import { Secret } from '../system/secret.ts';
import type { Invocation } from './shared/invocation.ts';
import { DONE, withRun } from './shared/with-run.ts';

export interface DemoOptions {
  /** Leave the server, the site and the folder for the user to play on. */
  readonly keep: boolean;
}

const DATABASE = 'askproai_db';
const USER = 'askproai_user';

/** What a user would type, one after the other. */
const STORY = [['status'], ['deploy', '--yes'], ['verify'], ['status']] as const;

/**
 * The whole story on a private server: builds the sample production, then runs this very tool on it as a user would.
 * Leaves nothing behind unless told to keep it: no process, no folder.
 */
export function demoCommand(options: DemoOptions, invocation: Invocation): Promise<ExitCode> {
  return withRun('demo', invocation, async () => {
    const dir = await mkdtemp(join(tmpdir(), 'gateway-migrate-demo-'));
    const callOff = atExit(() => rmSync(dir, { recursive: true, force: true }));
    const running: { stop(): Promise<void>; letGo(): void }[] = [];
    const keeps = { ...options, dir, running };
    let isKept = false;
    try {
      const stage = await setStage(keeps, invocation);
      const timings = await playStory(stage.folder, invocation);
      await tell(stage, timings, options, invocation);
      isKept = options.keep;
      return DONE;
    } finally {
      for (const process of running.reverse()) await (isKept ? process.letGo() : process.stop());
      if (!isKept) await rm(dir, { recursive: true, force: true });
      callOff();
    }
  });
}

interface Stage {
  readonly server: SandboxServer;
  readonly site: Site;
  readonly gateway: Gateway;
  readonly account: DemoAccount;
  readonly folder: DemoFolder;
}

interface StageOptions extends DemoOptions {
  readonly dir: string;
  /** Whatever is started goes in here at once, so that it can be ended. */
  readonly running: { stop(): Promise<void>; letGo(): void }[];
}

/** Starts the server and the site, and builds the sample production. */
async function setStage({ dir, keep, running }: StageOptions, invocation: Invocation): Promise<Stage> {
  const { hub, exec, env, signal } = invocation;
  hub.report({ type: 'run.started', command: 'demo', target: 'a private server', logFile: undefined });
  const server = await step('server', 'Start a private database server', invocation, async () => {
    const announce = (text: string) => hub.report({ type: 'note', level: 'info', text });
    const started = await provisionServer(exec, { dir, path: env.PATH, canOutliveUs: keep, signal, announce });
    running.push(started);
    return [started, `${started.label}, port ${started.port}`];
  });
  const account = {
    database: DATABASE,
    user: USER,
    password: randomBytes(18).toString('base64url'),
    port: server.port,
  };
  const gateway = await step('gateway', 'Build the sample production', invocation, async () => {
    const built = await buildProduction(server, account, invocation);
    return [built, `${built.tables} tables, ${built.rows.toLocaleString('en')} rows of ${built.companies} companies`];
  });
  const site = await step('site', 'Start its website', invocation, async () => {
    const started = await startSite(exec, dir, keep);
    running.push(started);
    return [started, started.url];
  });
  const folder = await writeDemoFolder(dir, { account, site, clientsDir: server.clientsDir, packageDir: packageDir() });
  return { server, site, gateway, account, folder };
}

/** Shows a part of the preparation like a step of a deploy. Stops before the next one after Ctrl-C. */
async function step<T>(
  id: string,
  title: string,
  { hub, clock, signal }: Invocation,
  action: () => Promise<readonly [result: T, detail: string]>,
): Promise<T> {
  signal.throwIfAborted();
  const startedMs = clock.ticksMs();
  hub.report({ type: 'step.started', id, title });
  const [result, detail] = await action();
  hub.report({ type: 'step.finished', id, title, ms: clock.ticksMs() - startedMs, detail });
  signal.throwIfAborted();
  return result;
}

async function buildProduction(
  { root }: SandboxServer,
  account: DemoAccount,
  { hub, signal }: Invocation,
): Promise<Gateway> {
  await createAccount(await connect(root), account);
  // As the application's own account: views and triggers belong to whoever creates them.
  const { database, user, password, port } = account;
  const target = { host: '127.0.0.1', port, user, password: new Secret(password), database, tls: false } as const;
  const server = await connect({ ...target, database: 'information_schema' });
  return buildGateway(
    { ...server, target },
    {
      onProgress: ({ done, total }) => {
        signal.throwIfAborted();
        hub.report({
          type: 'progress',
          id: 'gateway',
          done,
          total,
          unit: 'items',
          perSecond: undefined,
          etaMs: undefined,
        });
      },
    },
  );
}

/** What deploy and restore need, and no more: the database, its rehearsal, what a restore sets aside, what dumps ask, and the log. */
async function createAccount(root: Server, { database, user, password }: DemoAccount): Promise<void> {
  const session = await root.open();
  // From anywhere: the port is on the loopback interface only, but a container sees us come from its gateway.
  const account = `'${user}'@'%'`;
  try {
    await session.execute(`CREATE USER ${account} IDENTIFIED BY '${password}'`);
    // In a grant `_` stands for any letter, `%` for any letters.
    const exactly = (name: string) => name.replaceAll('_', '\\_');
    const beside = ['before', 'restore'].map((role) => `${exactly(`${database}_${role}_`)}%`);
    for (const pattern of [exactly(database), exactly(`${database}_rehearsal`), ...beside]) {
      await session.execute(`GRANT ALL ON ${quoteName(pattern)}.* TO ${account}`);
    }
    const isMariaDb = root.flavor.kind === 'mariadb';
    const replaying = isMariaDb ? 'BINLOG REPLAY' : 'REPLICATION_APPLIER';
    const log = `REPLICATION CLIENT, REPLICATION SLAVE, ${replaying}`;
    await session.execute(`GRANT PROCESS, RELOAD, ${log} ON *.* TO ${account}`);
  } finally {
    await session.close();
  }
}

type Timing = readonly [command: string, ms: number];

/** Runs this very program as a user would, its output passed through. Throws a `Failure` at the first that fails. */
async function playStory(folder: DemoFolder, { hub, exec, flags, signal }: Invocation): Promise<Timing[]> {
  const timings: Timing[] = [];
  const chosen = (['json', 'verbose', 'quiet'] as const).filter((flag) => flags[flag]).map((flag) => `--${flag}`);
  for (const args of STORY) {
    const typed = `gateway-migrate ${args.join(' ')}`;
    hub.report({ type: 'note', level: 'info', text: `$ ${typed}` });
    const command = { file: folder.tool, args: [...chosen, ...args], cwd: folder.dir };
    const exit = await exec.run(command, { isShown: true, signal });
    signal.throwIfAborted();
    if (exit.exitCode !== ExitCode.done) {
      throw failedUnchanged(`${typed} exited with ${exit.exitCode ?? exit.signal}`, 'gateway-migrate demo --verbose');
    }
    timings.push([typed, exit.ms]);
  }
  return timings;
}

async function tell(stage: Stage, timings: Timing[], { keep }: DemoOptions, { hub }: Invocation): Promise<void> {
  const { folder, account, server, site } = stage;
  const rows: [string, string][] = timings.map(([command, ms]) => [command, `${(ms / 1000).toFixed(1)} s`]);
  const backup = (await readdir(folder.backups)).find((name) => name.endsWith('.gz'));
  const log = (await readdir(folder.logs)).find((name) => name.endsWith('.log'));
  rows.push(['Backup', join(folder.backups, backup ?? '')], ['Log', join(folder.logs, log ?? '')]);
  hub.report({ type: 'summary', title: 'What happened', rows });
  const text = keep
    ? [
        `Everything goes on running. The database: ${account.user}@127.0.0.1:${account.port}/${account.database}, password in ${folder.dir}/password`,
        `Play on:  cd ${folder.dir}`,
        '  ./gateway-migrate status',
        '  ./gateway-migrate rollback',
        '  ./gateway-migrate deploy',
        `End it:   ${site.stopCommand}; ${server.stopCommand}; rm -r ${folder.dir}`,
      ]
    : ['All of it is removed now: server, site, backup and log. To keep it and play on: npm run demo -- --keep'];
  for (const line of text) hub.report({ type: 'note', level: 'info', text: line });
}

/** Where this package is installed, whether we run from its sources or from its bundle. */
function packageDir(): string {
  let dir = import.meta.dirname;
  while (!existsSync(join(dir, 'bin/gateway-migrate.js'))) dir = dirname(dir);
  return dir;
}
