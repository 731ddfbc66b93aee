import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { FILE_NAMES } from '../config/sources/file.ts';
import { type ApplicationEnv, readApplicationEnv, readLaravelDatabase } from '../config/sources/laravel.ts';
import { valueAt } from '../config/sources/tree.ts';
import { requireOwnApplication } from '../config/strangers.ts';
import { type Answers, configText } from '../config/template.ts';
import { ExitCode, refusal } from '../errors.ts';
import { writeFileAtomically } from '../system/files.ts';
import { ownTrust } from '../system/trust.ts';
import { migrationsFolder, offerFound } from './init/found.ts';
import { announce } from './shared/announcement.ts';
import type { Invocation } from './shared/invocation.ts';
import { DONE, type Ending, withRun } from './shared/with-run.ts';

const NONE = 'none';

export interface InitOptions {
  /** Folder of the application whose `.env` is read. Default: the current folder. */
  readonly app?: string | undefined;
}

/** Asks what it must know and writes the configuration file, which holds no password. */
export function initCommand(options: InitOptions, invocation: Invocation): Promise<ExitCode> {
  return withRun('init', invocation, async () => {
    const path = resolve(invocation.cwd, invocation.flags.config ?? (FILE_NAMES[0] as string));
    if (!(await mayWrite(path, invocation))) return { ...DONE, exitCode: ExitCode.declined } satisfies Ending;
    const answers = await ask(options, path, invocation);
    await writeFileAtomically(path, configText(answers, schemaFor(path)));
    announce(path, 'gateway-migrate doctor', invocation);
    await offerFound(path, invocation);
    return DONE;
  });
}

async function mayWrite(path: string, { prompt }: Invocation): Promise<boolean> {
  const folder = dirname(path);
  const other = FILE_NAMES.map((name) => join(folder, name)).find((file) => file !== path && existsSync(file));
  if (other && FILE_NAMES.includes(relative(folder, path))) {
    throw refusal(
      `${other} is there already, and a folder may hold one configuration file only`,
      'gateway-migrate doctor',
    );
  }
  return !existsSync(path) || prompt.confirm(`${path} exists. Replace it?`);
}

async function ask(options: InitOptions, path: string, { prompt, cwd, env }: Invocation): Promise<Answers> {
  const folder = resolve(cwd, options.app ?? '.');
  if (options.app === undefined) requireOwnApplication(folder, ownTrust());
  // What is wrong with the .env is told by every later command; here it only gives fewer answers.
  const app = readApplicationEnv(folder, env, []);
  const known = readLaravelDatabase(app, []).tree;
  const text = (key: string) => valueAt(known, ['database', key]) as string | undefined;
  const isLaravel = existsSync(join(folder, 'artisan'));
  const database = await prompt.text('Name of the production database:', text('name'));
  const server = await prompt.text('Its server (host:port, or the path of a socket):', serverOf(text));
  const user = await prompt.text('User of the database:', text('user'));
  const dir = orNone(await prompt.text('Folder of the application, or none:', isLaravel ? folder : NONE));
  const health =
    dir === '' ? '' : orNone(await prompt.text('Page that tells whether the site works, or none:', pageOf(app)));
  const backups = await prompt.text('Folder for backups:', '/var/backups/mysql');
  const hasPasswordVariable = readApplicationEnv(resolve(dirname(path), dir), env, []).get('DB_PASSWORD') !== undefined;
  const migrations = migrationsFolder(dirname(path));
  return { database, server, user, app: dir, health, backups, migrations, hasPasswordVariable };
}

function serverOf(text: (key: string) => string | undefined): string {
  const host = text('host') ?? '127.0.0.1';
  return text('socket') ?? `${host.includes(':') ? `[${host}]` : host}:${text('port') ?? 3306}`;
}

function pageOf(app: ApplicationEnv): string {
  const url = app.get('APP_URL') ?? '';
  return /^https?:\/\/[^\s/]/.test(url) ? url : NONE;
}

function orNone(answer: string): string {
  return answer === NONE ? '' : answer;
}

/** The JSON Schema of this installation, as the file's editor finds it. */
function schemaFor(path: string): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'gateway-migrate.schema.json')) && folder !== dirname(folder))
    folder = dirname(folder);
  const schema = join(folder, 'gateway-migrate.schema.json');
  const seen = relative(dirname(path), schema);
  return seen.startsWith('..') ? schema : `./${seen}`;
}
