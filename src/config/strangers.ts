import { existsSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { displayCommand } from '../system/exec.ts';
import {
  findProgram,
  findStrangers,
  findStrangersIn,
  ownTrust,
  type Stranger,
  type Trust,
  trustAlso,
} from '../system/trust.ts';
import type { Config } from './config.ts';
import { configurationFailure, type Problem } from './problems.ts';

/**
 * What decides about the run must be ours, or root's: the configuration may hold commands, a migration's SQL is run as the
 * administrator, a plan in the state folder is gone on with. Anything else is refused before it is read.
 */

/** Throws when a configuration that nobody has named may be somebody else's. Whoever names one, trusts those who may write to it. */
export function trustConfigFile(path: string | undefined, isNamed: boolean): Trust {
  const trust = ownTrust();
  if (path === undefined) return trust;
  const strangers = findStrangers(path, trust);
  if (isNamed || strangers.length === 0) return trustAlso(trust, strangers);
  const problems = strangers.map((stranger) => ({
    path,
    text: `not obeyed, because ${describe(stranger, path)}, and it decides what is run in your name; mend that (${stranger.remedy}), or name the file`,
  }));
  throw configurationFailure(problems, displayCommand({ file: 'gateway-migrate', args: ['--config', path, 'doctor'] }));
}

/** Throws when files of an application, found beside the configuration, may be somebody else's. */
export function requireOwnApplication(folder: string, trust: Trust): void {
  const paths = ['.env', 'artisan'].map((name) => join(folder, name)).filter((path) => existsSync(path));
  const problems = paths.flatMap((path) =>
    problemsOf(path, path, trust, 'or name the application: app.dir, with its whole path'),
  );
  if (problems.length > 0) throw configurationFailure(problems, 'gateway-migrate doctor');
}

export interface Wording {
  /** As they were written, to know what was named with its whole path. */
  readonly migrationsDir: unknown;
  readonly appDir: unknown;
}

/** Everything else that is obeyed later on: migrations, the application's artisan, the state folder, commands. */
export function findForeignParts(config: Config, written: Wording, trust: Trust, searched: string): Problem[] {
  return [
    ...aboutMigrations(config, written, trust),
    ...aboutApplication(config, written, trust),
    ...problemsOf('state', config.stateDir, trust, 'or set state to a folder of your own'),
    ...commandsOf(config).flatMap(([key, argv]) => aboutCommand(key, argv, config.app.dir, trust, searched)),
  ];
}

/** A folder named with its whole path, or the application's own, may be another account's; not everybody's. */
function aboutMigrations(config: Config, written: Wording, trust: Trust): Problem[] {
  const { dir } = config.migrations;
  const isNamed = typeof written.migrationsDir === 'string' && isAbsolute(written.migrationsDir);
  const isOfApplication = written.appDir !== undefined && dir.startsWith(`${config.app.dir}/`);
  const isChosen = isNamed || isOfApplication;
  const remedy = isChosen ? undefined : 'or name the folder: migrations.dir, with its whole path';
  const folder = problemsOf('migrations.dir', dir, trust, remedy, isChosen);
  if (folder.length > 0) return folder;
  return worded('migrations.dir', undefined, findStrangersIn(dir, trust), remedy, isChosen);
}

/** Artisan is run as the account that `storage` belongs to. Where that is us, it has to be ours. */
function aboutApplication({ app }: Config, written: Wording, trust: Trust): Problem[] {
  if (app.dir === undefined || written.appDir === undefined) return [];
  const runsAs = statSync(join(app.dir, 'storage'), { throwIfNoEntry: false })?.uid;
  const isOurs = runsAs !== undefined && runsAs === process.geteuid?.();
  const artisan = join(app.dir, 'artisan');
  return [
    ...problemsOf('app.dir', join(app.dir, '.env'), trust, undefined, true),
    ...(existsSync(artisan) ? problemsOf('app.dir', artisan, trust, undefined, !isOurs) : []),
  ];
}

function problemsOf(key: string, path: string, trust: Trust, otherwise?: string, isChosen = false): Problem[] {
  return worded(key, path, findStrangers(path, trust), otherwise, isChosen);
}

/** `isChosen`: it may belong to anybody, but not be open to everybody. Without `path` each is what is used itself. */
function worded(
  key: string,
  path: string | undefined,
  strangers: readonly Stranger[],
  otherwise: string | undefined,
  isChosen: boolean,
): Problem[] {
  const also = otherwise ? `, ${otherwise}` : '';
  return strangers
    .filter(({ by }) => !isChosen || by.everybody)
    .map((stranger) => {
      const used = path ?? stranger.path;
      const name = used === key ? '' : `${used} `;
      return {
        path: key,
        text: `${name}not used, because ${describe(stranger, used)}; mend that (${stranger.remedy})${also}`,
      };
    });
}

function describe({ path, problem }: Stranger, of: string): string {
  return `${path === of ? 'it' : path} ${problem}`;
}

/** Every command of the configuration, with its key. */
function commandsOf({ app, notify }: Config): [key: string, argv: readonly string[]][] {
  const { dir: _dir, services: _services, health: _health, ...hooks } = app;
  return [
    ...Object.entries(hooks).flatMap(([key, value]) => argvsIn(`app.${key}`, value)),
    ...notify.flatMap((one, at) => (one.type === 'command' ? argvsIn(`notify[${at}].run`, one.run) : [])),
  ];
}

function argvsIn(key: string, value: unknown): [string, readonly string[]][] {
  if (Array.isArray(value)) {
    return value.every((part) => typeof part === 'string')
      ? [[key, value]]
      : value.flatMap((part, at) => argvsIn(`${key}[${at}]`, part));
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => argvsIn(`${key}.${name}`, inner));
}

const INTERPRETERS = /^(?:sh|bash|dash|zsh|ksh|php[\d.]*|node|python[\d.]*|perl|ruby|make)$/;

/** The program, and the script that an interpreter is given with its path. */
function aboutCommand(
  key: string,
  [program = '', ...args]: readonly string[],
  folder: string | undefined,
  trust: Trust,
  searched: string,
): Problem[] {
  const script = INTERPRETERS.test(basename(program)) ? args.find((arg) => !arg.startsWith('-')) : undefined;
  const base = folder ?? process.cwd();
  const paths = [
    program.includes('/') ? resolve(base, program) : findProgram(program, searched, base),
    script?.includes('/') ? resolve(base, script) : undefined,
  ];
  return paths
    .filter((path) => path !== undefined)
    .filter((path) => existsSync(path))
    .flatMap((path) => problemsOf(key, path, trust));
}
