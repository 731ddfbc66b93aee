import { stat } from 'node:fs/promises';
import { refusal } from '../errors.ts';
import type { Command, Exec } from '../system/exec.ts';
import { laravelPaths } from './laravel.ts';

/**
 * The account that a Laravel application's files belong to. Artisan must run as this account: compiled views and
 * logs that root leaves behind cannot be written by the web server afterwards, and the site answers 500.
 */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
  /** Octal. Artisan's files must stay readable for the web server: under umask 077 a site in maintenance answers 500. */
  readonly umask: '0022' | '0002';
  /** Words in front of a command that make it run as this account; none when we are it, or are not root. */
  readonly prefix: readonly string[];
}

/** Reads whom `storage/` belongs to. Throws a refusal when we are root and have no way to become that account. */
export async function readOwner(dir: string, exec: Exec): Promise<Owner> {
  const { uid, gid, mode } = await stat(laravelPaths(dir).storage);
  const mustSwitch = process.getuid?.() === 0 && uid !== 0;
  return {
    uid,
    gid,
    umask: mode & 0o020 ? '0002' : '0022',
    prefix: mustSwitch ? await findSwitch(uid, gid, exec) : [],
  };
}

/** The same command, run as the owner and with a umask that lets the web server read what it writes. */
export function asOwner(command: Command, owner: Owner): Command {
  const [file = 'sh', ...args] = [...owner.prefix, 'sh', '-c', `umask ${owner.umask}; exec "$@"`, 'sh'];
  return { ...command, file, args: [...args, command.file, ...command.args] };
}

/** `www-data`; `uid 1000` when the machine knows no such account, as in a container with a mounted folder. */
export async function readAccountName(uid: number, exec: Exec): Promise<string> {
  const looked = await exec.run({ file: 'id', args: ['-n', '-u', String(uid)] });
  return looked.exitCode === 0 ? looked.stdout.trim() : `uid ${uid}`;
}

/** Tries the real thing: busybox has a setpriv that cannot change accounts, and a container may forbid it. */
async function findSwitch(uid: number, gid: number, exec: Exec): Promise<readonly string[]> {
  const setpriv = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`];
  const ways = [
    [...setpriv, '--init-groups', '--'],
    // The groups of an account that the machine does not know cannot be looked up.
    [...setpriv, '--clear-groups', '--'],
    ['sudo', '-n', '-u', `#${uid}`, '-g', `#${gid}`, '--'],
  ];
  for (const [file = '', ...args] of ways) {
    const tried = await exec.run({ file, args: [...args, 'true'] });
    if (tried.exitCode === 0) return [file, ...args];
  }
  const account = await readAccountName(uid, exec);
  throw refusal(
    `artisan must run as ${account}, the owner of the application's storage folder, but neither setpriv nor sudo can change to it`,
    `start gateway-migrate as ${account}`,
  );
}
