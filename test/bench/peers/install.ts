import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { installPackages } from '../../support/apt.ts';

/** The programs that the benchmarks compare with. */
export interface Peers {
  /** `test/bench`: programs in it find the peers' packages. */
  readonly dir: string;
  /** dbmate's own binary: the script of its npm package costs a start of Node on top. Undefined where it has none. */
  readonly dbmate: string | undefined;
  readonly knex: string;
  readonly umzug: string;
  /** False when PHP or Laravel could not be had. */
  readonly hasLaravel: boolean;
  /** False when mydumper and myloader could not be had. */
  readonly mydumper: boolean;
  /** False when the program zstd could not be had. */
  readonly zstd: boolean;
}

/** Installs the peers from their own lock file, and Laravel from Debian's packages. Users never run this. */
export async function installPeers(root: string): Promise<Peers> {
  const dir = join(root, 'test/bench');
  if (modified(join(dir, 'node_modules/.package-lock.json')) < modified(join(dir, 'package-lock.json'))) {
    console.log('Installing the peers (npm ci in test/bench)');
    const npm = spawnSync('npm', ['ci'], { cwd: dir, encoding: 'utf8' });
    if (npm.status !== 0) throw new Error(`npm ci in ${dir}: ${npm.stderr}`);
  }
  const dbmate = join(dir, 'node_modules/@dbmate/linux-x64/bin/dbmate');
  if (!existsSync(dbmate)) console.log('Skipped: dbmate, because its package is the one for Linux on x64');
  const laravel = await installPackages(['php-cli', 'php-mysql', 'php-laravel-framework']);
  if (laravel.names.length > 0) console.log(`Skipped: artisan, because of ${laravel.reason}`);
  const mydumper = await installPackages(['mydumper']);
  if (mydumper.names.length > 0) console.log(`Skipped: mydumper, because of ${mydumper.reason}`);
  const zstd = await installPackages(['zstd']);
  if (zstd.names.length > 0) console.log(`Skipped: a dump piped into zstd, because of ${zstd.reason}`);
  return {
    dir,
    dbmate: existsSync(dbmate) ? dbmate : undefined,
    knex: join(dir, 'node_modules/knex/bin/cli.js'),
    umzug: join(dir, 'peers/umzug.cjs'),
    hasLaravel: laravel.names.length === 0,
    mydumper: mydumper.names.length === 0,
    zstd: zstd.names.length === 0,
  };
}

/** Milliseconds since 1970; 0 when the file does not exist. */
function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
