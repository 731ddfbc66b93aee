import { resolve } from 'node:path';
import type { Target } from '../mysql/connect.ts';
import type { AppConfig, ColumnRef, Config, NotifyTarget, Thresholds } from './config.ts';
import type { CheckedConfig } from './schema.ts';

interface Base {
  /** Absolute path of the configuration file. */
  readonly file: string | undefined;
  /** The folder that relative paths begin at. */
  readonly folder: string;
}

/** Fills in the defaults that depend on other keys, and makes paths absolute. Call after all checks have passed. */
export function resolveConfig(checked: CheckedConfig, { file, folder }: Base): Config {
  const absolute = (path: string) => resolve(folder, path);
  const database = toTarget(checked.database, checked.database.name ?? '', absolute);
  const app = resolveApp(checked.app, folder, absolute);
  return {
    file,
    database,
    rehearsal: resolveRehearsal(checked.rehearsal, database, absolute),
    migrations: {
      ...checked.migrations,
      dir: migrationsDir(checked.migrations, app.dir, absolute),
      laravelTable:
        checked.migrations.laravelTable === undefined
          ? app.dir === undefined
            ? null
            : 'migrations'
          : checked.migrations.laravelTable,
    },
    app,
    backup: {
      dir: absolute(checked.backup.dir),
      compression: checked.backup.compression,
      verify: checked.backup.verify,
      keep: checked.backup.keep,
      minFreeBytes: checked.backup.minFree,
    },
    verify: { ...checked.verify, tenant: checked.verify.tenant, ...splitReferences(checked.verify.references) },
    monitor: {
      forMs: checked.monitor.for,
      everyMs: checked.monitor.every,
      checkpointsMs: checked.monitor.checkpoints.toSorted((a, b) => a - b),
      thresholds: resolveThresholds(checked.monitor.thresholds),
      // An application's own logs are what is meant by `storage/logs/laravel.log`.
      logs: checked.monitor.logs.map((log) => ({ ...log, path: resolve(app.dir ?? folder, log.path) })),
    },
    notify: checked.notify.map((target) => resolveNotify(target, absolute)),
    logsDir: absolute(checked.logs),
    stateDir: absolute(checked.state),
  };
}

/** Those to one table, and those whose type says which. */
function splitReferences(given: CheckedConfig['verify']['references']) {
  const references: Config['verify']['references'][number][] = [];
  const polymorphic: Config['verify']['polymorphic'][number][] = [];
  for (const { from, type, to } of given) {
    if (isColumn(to)) references.push({ from, to });
    else polymorphic.push({ from, type: type ?? '', to });
  }
  return { references, polymorphic };
}

function isColumn(to: CheckedConfig['verify']['references'][number]['to']): to is ColumnRef {
  return typeof to.table === 'string' && typeof to.column === 'string';
}

function migrationsDir(
  { dir, engine }: CheckedConfig['migrations'],
  appDir: string | undefined,
  absolute: (path: string) => string,
): string {
  if (dir !== undefined) return absolute(dir);
  return engine === 'artisan' ? resolve(appDir ?? '', 'database/migrations') : absolute('migrations');
}

type CheckedServer = Omit<CheckedConfig['database'], 'name'>;

function toTarget(server: CheckedServer, database: string, absolute: (path: string) => string): Target {
  return {
    ...(server.socket
      ? { socket: absolute(server.socket) }
      : { host: withoutBrackets(server.host ?? '127.0.0.1'), port: server.port ?? 3306 }),
    database,
    user: server.user ?? '',
    ...(server.password?.reveal() ? { password: server.password } : {}),
    tls: server.tls ?? false,
  };
}

/** `[::1]`, as an address is written in front of a port. */
function withoutBrackets(host: string): string {
  return /^\[(.*:.*)\]$/.exec(host)?.[1] ?? host;
}

/** What a rehearsal does not say it takes from production; the password only together with the user. */
function resolveRehearsal(
  given: CheckedConfig['rehearsal'],
  production: Target,
  absolute: (path: string) => string,
): Config['rehearsal'] {
  if (given === 'private') return 'private';
  const own = given ?? {};
  const name = own.database ?? `${production.database}_rehearsal`;
  const target = toTarget(own, name, absolute);
  const hasPlace = own.host !== undefined || own.port !== undefined || own.socket !== undefined;
  const { socket, host, port } = hasPlace ? target : production;
  const { user, password } = own.user === undefined ? { ...production, ...passwordOf(target) } : target;
  return {
    ...(socket ? { socket } : { host, port }),
    database: name,
    user,
    ...(password ? { password } : {}),
    tls: own.tls === undefined ? production.tls : target.tls,
  };
}

function passwordOf(target: Target): Pick<Target, 'password'> {
  return target.password ? { password: target.password } : {};
}

function resolveThresholds({ siteDown, ...others }: CheckedConfig['monitor']['thresholds']): Thresholds {
  return { ...others, siteDownMs: siteDown };
}

function resolveApp(app: CheckedConfig['app'], folder: string, absolute: (path: string) => string): AppConfig {
  const fallback = app.dir === undefined ? 'none' : 'laravel';
  return {
    dir: app.dir === undefined ? undefined : absolute(app.dir),
    ...(app.dir === undefined && hasOwnCommands(app) ? { commandsDir: folder } : {}),
    maintenance: app.maintenance ?? fallback,
    workers: app.workers,
    caches: app.caches ?? fallback,
    services: app.services,
    serviceCommand: app.serviceCommand,
    health: app.health,
  };
}

function hasOwnCommands({ maintenance, workers, caches, services }: CheckedConfig['app']): boolean {
  return [maintenance, workers, caches].some((value) => typeof value === 'object') || services.length > 0;
}

function resolveNotify(target: NotifyTarget, absolute: (path: string) => string): NotifyTarget {
  if (target.type !== 'command') return target;
  const program = target.run[0];
  // `./notify.sh` means the one beside the file; a bare name is looked for on PATH.
  if (!program || !/^\.{1,2}\//.test(program)) return target;
  return { ...target, run: [absolute(program), ...target.run.slice(1)] };
}

/** True when a rehearsal would drop the production database. */
export function isSameDatabase(rehearsal: Target, production: Target): boolean {
  const place = ({ socket, host, port }: Target) => socket ?? `${host === 'localhost' ? '127.0.0.1' : host}:${port}`;
  return (
    place(rehearsal) === place(production) && rehearsal.database.toLowerCase() === production.database.toLowerCase()
  );
}
