import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ExitCode, Failure, refusal } from '../errors.ts';
import type { Trust } from '../system/trust.ts';
import { checkKeys, checkTogether } from './checks.ts';
import type { Config } from './config.ts';
import { type Layer, mergeLayers } from './layers.ts';
import { configurationFailure, type Problem } from './problems.ts';
import { isSameDatabase, resolveConfig } from './resolve.ts';
import type { ConfigInput } from './schema.ts';
import { CONFIG_VARIABLE, type Environment, PASSWORD_VARIABLE, readEnvironment } from './sources/environment.ts';
import { type ConfigFile, FILE_NAMES, findConfigFile, readConfigFile } from './sources/file.ts';
import { type ApplicationEnv, readApplicationEnv, readLaravelDatabase } from './sources/laravel.ts';
import { readNamedFiles } from './sources/named-files.ts';
import { substitute } from './sources/substitution.ts';
import { merge, type Tree, uncovered, valueAt } from './sources/tree.ts';
import { findForeignParts, requireOwnApplication, trustConfigFile } from './strangers.ts';

export interface LoadOptions {
  /** `--config FILE`, relative to `cwd`. */
  readonly file?: string | undefined;
  readonly cwd: string;
  readonly env: Environment;
  /** What other flags of the command line say, in the shape of the file. */
  readonly overrides?: ConfigInput | undefined;
}

interface Gathered {
  readonly file: ConfigFile | undefined;
  /** The folder that relative paths begin at. */
  readonly folder: string;
  readonly app: ApplicationEnv;
  /** `app.dir` as it was given. */
  readonly appDir: unknown;
  readonly trust: Trust;
  /** Weakest first. */
  readonly layers: readonly Layer[];
}

/**
 * The configuration from all its sources: flag > environment > file > the application's `.env` > default.
 * Throws one `Failure` (exit 78) with every problem found.
 */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const problems: Problem[] = [];
  const { file, folder, app, appDir, trust, layers } = await gather(options, problems);
  const tree = readNamedFiles(mergeLayers(layers), folder, problems);
  const isUnconfigured = !file && valueAt(tree, ['database', 'name']) === undefined;
  if (isUnconfigured && problems.length === 0) throw nothingFound(options.cwd, app.path);
  const checked = checkKeys(tree, layers, problems);
  checkTogether(tree, layers, problems);
  const config = checked && problems.length === 0 ? resolveConfig(checked, { file: file?.path, folder }) : undefined;
  if (config && config.rehearsal !== 'private' && isSameDatabase(config.rehearsal, config.database)) {
    const text = `found the production database "${config.database.database}" itself, expected one that may be dropped`;
    problems.push({ path: 'rehearsal.database', text });
  }
  if (config) {
    const written = { migrationsDir: valueAt(tree, ['migrations', 'dir']), appDir };
    problems.push(...findForeignParts(config, written, trust, options.env.PATH ?? ''));
  }
  if (!config || problems.length > 0) throw configurationFailure(problems, nextCommand(options));
  return config;
}

/** Absolute path of the folder of SQL migrations, whatever else may be wrong or missing in the configuration. Refuses PHP's. */
export async function locateMigrations(options: LoadOptions): Promise<string> {
  const { folder, layers } = await gather(options, []);
  const tree = mergeLayers(layers);
  const dir = valueAt(tree, ['migrations', 'dir']);
  if (valueAt(tree, ['migrations', 'engine']) === 'artisan') {
    throw refusal(
      'the migrations of this configuration are PHP files of the application',
      'php artisan make:migration',
    );
  }
  return resolve(folder, typeof dir === 'string' ? dir : 'migrations');
}

async function gather(options: LoadOptions, problems: Problem[]): Promise<Gathered> {
  const { cwd, env, overrides = {} } = options;
  const named = options.file ?? env[CONFIG_VARIABLE];
  const path = named ? resolve(cwd, named) : findConfigFile(cwd);
  const trust = trustConfigFile(path, Boolean(named));
  const file = path === undefined ? undefined : await readConfigFile(path, cwd, problems);
  const folder = path === undefined ? resolve(cwd) : dirname(path);
  const environment = readEnvironment(env, problems);
  const flags: Layer = { tree: overrides as Tree, origin: () => 'the command line' };
  const given = mergeLayers([...(file ? [file] : []), environment, flags]);
  if (valueAt(given, ['app', 'dir']) === undefined) requireOwnApplication(folder, trust);
  const appDir = locateApp(given, folder, env);
  const app = readApplicationEnv(appDir ?? folder, env, problems);
  const defaults: Layer = { tree: appDir ? { app: { dir: appDir } } : {}, origin: () => 'the current folder' };
  const strong = [environment, flags, ...passwordLayer(env)];
  const weak = [defaults, readLaravelDatabase(app, problems), ...fileLayer(file, mergeLayers(strong), app, problems)];
  return { file, folder, app, appDir: valueAt(given, ['app', 'dir']), trust, layers: [...weak, ...strong] };
}

/** The application's folder has to be known before its `.env` can be read, so `${NAME}` sees only the environment here. */
function locateApp(tree: Tree, folder: string, env: Environment): string | undefined {
  const given = valueAt(tree, ['app', 'dir']);
  if (typeof given !== 'string') return existsSync(join(folder, 'artisan')) ? folder : undefined;
  const filled = substitute({ given }, { places: '', get: (name) => env[name] }, []);
  return resolve(folder, String(filled.given));
}

/** A `${NAME}` that is not set matters only where no stronger layer gives the value. */
function fileLayer(file: ConfigFile | undefined, stronger: Tree, app: ApplicationEnv, problems: Problem[]): Layer[] {
  if (!file) return [];
  const places = `the environment or ${app.path}`;
  const needed = uncovered(file.tree, stronger);
  const tree = file.isProgram ? needed : substitute(needed, { places, get: app.get }, problems);
  return [{ tree, written: file.tree, origin: (path) => file.origin(path) }];
}

function passwordLayer(env: Environment): Layer[] {
  const password = env[PASSWORD_VARIABLE];
  return password ? [{ tree: merge({}, { database: { password } }), origin: () => PASSWORD_VARIABLE }] : [];
}

function nextCommand({ file }: LoadOptions): string {
  return file ? `gateway-migrate --config ${file} doctor` : 'gateway-migrate doctor';
}

function nothingFound(cwd: string, dotenv: string): Failure {
  const what = `no configuration found: no ${FILE_NAMES[0]} (or .yml, .json, .js, .mjs) in ${resolve(cwd)} or above it, and neither the environment nor ${dotenv} names a database`;
  return new Failure(what, {
    exitCode: ExitCode.configuration,
    production: 'unchanged',
    state: 'nothing was started, production is unchanged',
    next: 'gateway-migrate init',
  });
}
