import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../errors.ts';
import type { Layer } from '../layers.ts';
import type { Problem } from '../problems.ts';
import { type Dotenv, parseDotenv } from './dotenv.ts';
import type { Environment } from './environment.ts';
import type { Tree } from './tree.ts';

/** The variables of an application: its `.env`, and the process environment, which wins as it does in Laravel. */
export interface ApplicationEnv {
  /** Path of the `.env`, which need not exist. */
  readonly path: string;
  get(name: string): string | undefined;
}

export function readApplicationEnv(folder: string, env: Environment, problems: Problem[]): ApplicationEnv {
  const path = join(folder, '.env');
  const { values, problems: unread } = parse(path, env, problems);
  problems.push(...unread.map(({ line, what }) => ({ path: `${path}:${line}`, text: what })));
  return { path, get: (name) => env[name] ?? values.get(name) };
}

function parse(path: string, env: Environment, problems: Problem[]): Dotenv {
  try {
    return parseDotenv(readFileSync(path, 'utf8'), (name) => env[name]);
  } catch (error) {
    const isAbsent = ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
    if (!isAbsent) problems.push({ path, text: `cannot be read (${messageOf(error)})` });
    return { values: new Map(), problems: [] };
  }
}

const VARIABLES = {
  host: 'DB_HOST',
  port: 'DB_PORT',
  name: 'DB_DATABASE',
  user: 'DB_USERNAME',
  password: 'DB_PASSWORD',
  socket: 'DB_SOCKET',
} as const;

/** Where packages of both servers put their socket, and where PHP looks for it unless `pdo_mysql.default_socket` is set. */
const STANDARD_SOCKETS = [
  '/run/mysqld/mysqld.sock',
  '/var/run/mysqld/mysqld.sock',
  '/var/lib/mysql/mysql.sock',
  '/tmp/mysql.sock',
];

/**
 * The database as an application's `config/database.php` puts it together: DB_URL (DATABASE_URL before Laravel 11)
 * wins over the single variables, a socket over host and port. `localhost` is the socket, whatever port is given, as it is
 * for PDO (PHP Manual, PDO_MYSQL DSN); where there is none it is reached over TCP. Empty when DB_CONNECTION is no MySQL.
 */
export function readLaravelDatabase(
  app: ApplicationEnv,
  problems: Problem[],
  standardSockets: readonly string[] = STANDARD_SOCKETS,
): Layer {
  const origin: Layer['origin'] = (path) => {
    const last = path.at(-1) as keyof typeof VARIABLES;
    const variable = VARIABLES[last === 'socket' && app.get('DB_SOCKET') === undefined ? 'host' : last] ?? 'DB_URL';
    return app.get(variable) === undefined ? 'DB_URL' : `${variable} of ${app.path}`;
  };
  if (/^(sqlite|pgsql|sqlsrv)$/.test(laravelValue(app, 'DB_CONNECTION') ?? '')) return { tree: {}, origin };
  const single = Object.entries(VARIABLES).map(([key, name]) => [key, laravelValue(app, name)] as const);
  const database = { ...Object.fromEntries(single.filter(([, value]) => value)), ...readUrl(app, problems) };
  const { host, port, socket: given, ...rest } = database;
  const socket = given ?? (host === 'localhost' ? standardSockets.find(isSocket) : undefined);
  const place = socket ? { socket } : { ...(host ? { host } : {}), ...(port ? { port } : {}) };
  return { tree: Object.keys(database).length === 0 ? {} : { database: { ...rest, ...place } }, origin };
}

function isSocket(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
}

/** What Laravel's `env()` makes of a variable: `null` and `empty` mean nothing, one pair of quotes is taken off. */
function laravelValue(app: ApplicationEnv, name: string): string | undefined {
  const value = app.get(name);
  if (value === undefined || /^(null|\(null\)|empty|\(empty\))?$/i.test(value)) return undefined;
  return /^(['"])(.*)\1$/s.exec(value)?.[2] ?? value;
}

function readUrl(app: ApplicationEnv, problems: Problem[]): Tree {
  for (const name of ['DB_URL', 'DATABASE_URL']) {
    const text = laravelValue(app, name);
    if (!text || !/^(mysql|mysql2|mariadb):/.test(text)) continue;
    try {
      return fromUrl(new URL(text));
    } catch {
      problems.push({
        path: name,
        text: 'not an address (not shown), expected mysql://user:password@host:port/database',
      });
    }
  }
  return {};
}

function fromUrl(url: URL): Tree {
  const socket = url.searchParams.get('unix_socket') ?? url.searchParams.get('socket');
  const parts = {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port,
    name: url.pathname.slice(1),
    user: url.username,
    password: url.password,
  };
  const given = Object.entries(parts).filter(([, value]) => value !== '');
  return {
    ...Object.fromEntries(given.map(([key, value]) => [key, decodeURIComponent(value)])),
    ...(socket ? { socket } : {}),
  };
}
