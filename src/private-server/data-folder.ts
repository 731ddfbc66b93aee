import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { failedUnchanged } from '../errors.ts';
import { type Command, describeExit, type Exec } from '../system/exec.ts';
import type { ServerBinaries } from './binaries.ts';

/** Options without which a server would read the machine's configuration, or look for its files in the wrong place. */
export function isolationOptions(binaries: ServerBinaries): string[] {
  const pluginDir = join(binaries.baseDir, 'lib/mysql/plugin');
  return [
    '--no-defaults',
    `--basedir=${binaries.baseDir}`,
    ...(existsSync(pluginDir) ? [`--plugin-dir=${pluginDir}`] : []),
    // Both servers refuse to run as root unless told so.
    ...(process.getuid?.() === 0 ? [`--user=${userInfo().username}`] : []),
    // MySQL aborts when its compiled-in folder for files (/var/lib/mysql-files) does not exist.
    ...(binaries.kind === 'mysql'
      ? ['--mysqlx=OFF', '--secure-file-priv=']
      : ['--character-set-server=utf8mb4', '--collation-server=utf8mb4_unicode_ci']),
  ];
}

/**
 * 2, not 0: what was acknowledged is with the kernel, so that it outlives the server being killed. Nothing waits for the
 * disk: when the power goes, a private server has nothing to lose.
 */
export const QUICK = [
  '--innodb-flush-log-at-trx-commit=2',
  '--innodb-doublewrite=0',
  '--loose-innodb-flush-method=nosync',
];

/** Laid down when MySQL's data folder is made: a server that starts on it must say the same. */
export const FOLD_NAMES = '--lower-case-table-names=1';

/** What MySQL and MariaDB call the room for their redo log; neither may be much smaller. */
const SMALL_LOGS = { mysql: '--loose-innodb-redo-log-capacity=8M', mariadb: '--innodb-log-file-size=8M' } as const;

/**
 * Makes a new data folder in which `root` logs in without a password over the unix socket, and runs `statements`
 * (one statement each, without a line break: MariaDB's bootstrap reads line by line). `scratchDir` takes a file.
 * Throws a `Failure` with the server's own words.
 */
export async function makeDataFolder(
  exec: Exec,
  binaries: ServerBinaries,
  folders: {
    readonly dataDir: string;
    readonly scratchDir: string;
    /** With small logs, to be kept and copied: a server that starts on it makes them as large as it wants. */
    readonly isSmall?: boolean;
    /** As `PrivateServerOptions`. */
    readonly foldsNames?: boolean | undefined;
  },
  statements: readonly string[] = [],
): Promise<void> {
  const script = join(folders.scratchDir, 'first-start.sql');
  // MariaDB's bootstrap runs without grant tables: it knows no accounts until they are read.
  const lines = binaries.kind === 'mariadb' ? ['FLUSH PRIVILEGES', ...statements] : statements;
  await writeFile(script, lines.map((line) => `${line};\n`).join(''));
  const made =
    binaries.kind === 'mysql'
      ? mysqlCommand(binaries, folders.dataDir, script)
      : mariadbCommand(binaries, folders.dataDir, script);
  const further = [
    // At its start a server removes every `#sql` file in its folder for temporary ones, as root also production's.
    `--tmpdir=${folders.scratchDir}`,
    ...(folders.isSmall ? [SMALL_LOGS[binaries.kind]] : []),
    ...(folders.foldsNames ? [FOLD_NAMES] : []),
  ];
  const command = { ...made, args: [...made.args, ...further] };
  const exit = await exec.run(command);
  if (exit.exitCode !== 0) {
    throw failedUnchanged(
      `A new data folder could not be made: ${describeExit(command, exit)}`,
      'gateway-migrate demo',
    );
  }
}

function mysqlCommand(binaries: ServerBinaries, dataDir: string, script: string): Command {
  return {
    file: binaries.server,
    args: [
      ...isolationOptions(binaries),
      ...QUICK,
      `--datadir=${dataDir}`,
      '--initialize-insecure',
      '--skip-log-bin',
      `--init-file=${script}`,
    ],
  };
}

function mariadbCommand(binaries: ServerBinaries, dataDir: string, script: string): Command {
  const scripts = ['scripts', 'bin'].map((folder) => join(binaries.baseDir, folder, 'mariadb-install-db'));
  return {
    file: scripts.find((file) => existsSync(file)) ?? 'mariadb-install-db',
    args: [
      ...isolationOptions(binaries),
      ...QUICK,
      `--datadir=${dataDir}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--skip-name-resolve',
      `--extra-file=${script}`,
    ],
  };
}
