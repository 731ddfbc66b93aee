import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { parseFlavor } from '../mysql/flavor.ts';
import type { Exec } from '../system/exec.ts';

/** The programs of one installed database server. */
export interface ServerBinaries {
  readonly kind: 'mysql' | 'mariadb';
  /** `9.7.4`. */
  readonly version: string;
  /** For people: `MySQL 9.7.4`. */
  readonly label: string;
  /** Absolute path of mysqld or mariadbd, links resolved. */
  readonly server: string;
  /** What the server calls its basedir. */
  readonly baseDir: string;
  /** Folder with the client programs of the same build (mysqldump or mariadb-dump). */
  readonly binDir: string;
}

const SERVER_PROGRAMS = ['mariadbd', 'mysqld'] as const;

/** Where packages and tarballs of MySQL and MariaDB put their server, PATH aside. */
const USUAL_FOLDERS = [
  '/usr/sbin',
  '/usr/libexec',
  '/usr/local/sbin',
  '/usr/local/libexec',
  '/usr/local/mysql/bin',
  '/usr/local/mariadb/bin',
  '/opt/mysql/bin',
  '/opt/mariadb/bin',
  '/opt/homebrew/bin',
];

/** Further folders (`/opt/mysql-9.7`) that hold `bin` or `sbin`, searched before the rest. */
export interface FindOptions {
  readonly prefixes?: readonly string[];
  /** The value of PATH. */
  readonly path?: string | undefined;
}

/** Every server program of this machine that runs, in the order found, each once. */
export async function findServerBinaries(exec: Exec, options: FindOptions = {}): Promise<ServerBinaries[]> {
  const folders = [
    ...(options.prefixes ?? []).flatMap((prefix) => [
      join(prefix, 'usr/sbin'),
      join(prefix, 'sbin'),
      join(prefix, 'bin'),
      join(prefix, 'libexec'),
    ]),
    ...(options.path ?? '').split(delimiter).filter((folder) => folder !== ''),
    ...USUAL_FOLDERS,
  ];
  const candidates = folders.flatMap((folder) => SERVER_PROGRAMS.map((name) => join(folder, name)));
  const programs = new Set(candidates.filter((file) => existsSync(file)).map((file) => realpathSync(file)));
  const found = await Promise.all([...programs].map((program) => identifyServer(exec, program)));
  return found.filter((binaries) => binaries !== undefined);
}

async function identifyServer(exec: Exec, server: string): Promise<ServerBinaries | undefined> {
  const said = await exec.run({ file: server, args: ['--no-defaults', '--version'] }, { timeoutMs: 10_000 });
  const version = /\bVer (\S+)/.exec(said.stdout)?.[1];
  if (said.exitCode !== 0 || version === undefined) return undefined;
  const flavor = parseFlavor(version);
  const baseDir = dirname(dirname(server));
  return {
    kind: flavor.kind,
    version: flavor.version.join('.'),
    label: flavor.label,
    server,
    baseDir,
    binDir: join(baseDir, 'bin'),
  };
}
