import { access, constants } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { refusal } from '../errors.ts';
import type { Exec } from '../system/exec.ts';
import { type Flavor, parseFlavor } from './flavor.ts';

/** The pair of client programs that fit a server. */
export interface Clients {
  /** Absolute path of mysqldump or mariadb-dump. */
  readonly dump: string;
  /** Absolute path of mysql or mariadb. */
  readonly shell: string;
  /** What the programs themselves are. */
  readonly flavor: Flavor;
}

/** Why no pair fits, and what to do about it. */
export interface ClientProblem {
  readonly problem: string;
  readonly remedy: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A folder that is searched before PATH. */
export const CLIENTS_VARIABLE = 'GATEWAY_MIGRATE_CLIENTS';

/** MariaDB's programs also go by MySQL's names (its older releases, and Debian's compatibility links). */
const NAMES = {
  mysql: { dump: ['mysqldump'], shell: ['mysql'] },
  mariadb: { dump: ['mariadb-dump', 'mysqldump'], shell: ['mariadb', 'mysql'] },
} as const;

interface Program {
  readonly path: string;
  readonly flavor: Flavor;
}

/** The programs that fit the server. Throws a refusal that says what was found instead, and what to do. */
export async function requireClients(server: Flavor, exec: Exec, env: Environment): Promise<Clients> {
  const found = await findClients(server, exec, env);
  if ('problem' in found) throw refusal(found.problem, found.remedy);
  return found;
}

/** MariaDB's older releases know it by MySQL's name. */
const LOG_PROGRAMS = { mysql: ['mysqlbinlog'], mariadb: ['mariadb-binlog', 'mysqlbinlog'] } as const;

/**
 * Absolute path of mysqlbinlog or mariadb-binlog. Only beside the dump program: MariaDB's does not say of which release
 * it is.
 */
export async function findLogProgram(clients: Clients): Promise<string | ClientProblem> {
  const folder = dirname(clients.dump);
  const names = LOG_PROGRAMS[clients.flavor.kind];
  for (const name of names) {
    if (await isExecutable(join(folder, name))) return join(folder, name);
  }
  return {
    problem: `no ${names.join(' or ')} beside ${clients.dump}, to read the binary log with`,
    remedy: `install the package of ${clients.flavor.label} that holds ${names[0]} (Debian: ${clients.flavor.kind === 'mysql' ? 'mysql-server-core' : 'mariadb-client'})`,
  };
}

/** Looks through GATEWAY_MIGRATE_CLIENTS and PATH for a dump program and a client that fit the server. */
export async function findClients(server: Flavor, exec: Exec, env: Environment): Promise<Clients | ClientProblem> {
  const folders = [env[CLIENTS_VARIABLE], ...(env.PATH ?? '').split(delimiter)].filter(
    (folder) => !!folder,
  ) as string[];
  const [dump, shell] = await Promise.all([
    findProgram(NAMES[server.kind].dump, folders, server, exec),
    findProgram(NAMES[server.kind].shell, folders, server, exec),
  ]);
  if ('problem' in dump) return dump;
  if ('problem' in shell) return shell;
  return { dump: dump.path, shell: shell.path, flavor: dump.flavor };
}

async function findProgram(
  names: readonly string[],
  folders: readonly string[],
  server: Flavor,
  exec: Exec,
): Promise<Program | ClientProblem> {
  let misfit: Program | undefined;
  for (const path of folders.flatMap((folder) => names.map((name) => join(folder, name)))) {
    if (!(await isExecutable(path))) continue;
    const flavor = await readProgramFlavor(path, exec);
    if (flavor && mismatch(flavor, server) === undefined) return { path, flavor };
    if (flavor) misfit ??= { path, flavor };
  }
  const remedy = remedyFor(server);
  if (!misfit) return { problem: `no ${names.join(' or ')} found for ${server.label}`, remedy };
  return { problem: `${misfit.path} is ${misfit.flavor.label}: ${mismatch(misfit.flavor, server)}`, remedy };
}

/**
 * Why a client cannot be trusted with a server; undefined when it can. The two families write dumps that the other
 * cannot load in full, and a dump program older than its server does not know all that the server can hold
 * (MySQL Reference Manual, mysqldump: "use the mysqldump of the server's version").
 */
function mismatch(client: Flavor, server: Flavor): string | undefined {
  if (client.kind !== server.kind) {
    return `it cannot back up ${server.label}, the two families write dumps that the other cannot load in full`;
  }
  if (client.version[0] < server.version[0]) return `it is older than the server, which is ${server.label}`;
  return undefined;
}

function remedyFor(server: Flavor): string {
  const { dump, shell } = NAMES[server.kind];
  const family = server.kind === 'mysql' ? 'MySQL' : 'MariaDB';
  const packageName = server.kind === 'mysql' ? 'mysql-client' : 'mariadb-client';
  return `install the package ${packageName} of ${family} ${server.version[0]} or newer, or set ${CLIENTS_VARIABLE} to a folder that holds its ${dump[0]} and ${shell[0]}`;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function readProgramFlavor(path: string, exec: Exec): Promise<Flavor | undefined> {
  // --no-defaults: a broken option file on the machine must not look like a missing program.
  const { exitCode, stdout } = await exec.run({ file: path, args: ['--no-defaults', '--version'] });
  return exitCode === 0 ? parseProgramVersion(stdout) : undefined;
}

/**
 * Reads `--version`. What follows `Ver` is the program's own count in MariaDB and in MySQL before 8.0: there the
 * release stands after `Distrib` or `from`.
 */
export function parseProgramVersion(text: string): Flavor | undefined {
  const release = /(?:Distrib|from) (\d+\.\d+\.\d+\S*)/.exec(text) ?? /Ver (\d+\.\d+\.\d+\S*)/.exec(text);
  return release?.[1] === undefined ? undefined : parseFlavor(release[1]);
}
