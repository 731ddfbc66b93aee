import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { atExit } from '../private-server/lifetime.ts';
import { describeExit, type Exec } from '../system/exec.ts';

const POLICY = '/usr/sbin/policy-rc.d';
/** invoke-rc.d takes 101 as "this action is forbidden": packages are installed, but nothing they bring is started. */
const FORBID_STARTS = '#!/bin/sh\nexit 101\n';

/** What could not be installed, and why or how to; `names` is empty when everything is there. */
export interface Missing {
  readonly names: readonly string[];
  readonly reason: string;
}

/**
 * Makes sure that Debian packages are installed, without starting any service. Safe to repeat, and to run twice at
 * once. Never throws: without root or apt, or when apt fails, it says what is missing. `announce` is called before
 * anything is changed.
 */
export async function installPackages(
  exec: Exec,
  names: readonly string[],
  announce: (absent: readonly string[]) => void,
): Promise<Missing> {
  const absent = await absentPackages(exec, names);
  if (absent === undefined) return { names, reason: 'this machine has no apt' };
  if (absent.length === 0) return { names: [], reason: '' };
  if (process.getuid?.() !== 0)
    return { names: absent, reason: `only root may run apt-get install ${absent.join(' ')}` };
  announce(absent);
  return withoutServiceStarts(async () => {
    const failure =
      (await aptGet(exec, 'update')) ?? (await aptGet(exec, 'install', '--no-install-recommends', ...absent));
    return failure === undefined ? { names: [], reason: '' } : { names: absent, reason: failure };
  });
}

/** Undefined where packages are not Debian's. */
async function absentPackages(exec: Exec, names: readonly string[]): Promise<string[] | undefined> {
  const query = { file: 'dpkg-query', args: ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names] };
  const exit = await exec.run(query);
  if (exit.failedToStart) return undefined;
  const installed = exit.stdout.split('\n');
  return names.filter((name) => !installed.includes(`${name} installed`));
}

async function withoutServiceStarts<T>(action: () => Promise<T>): Promise<T> {
  if (existsSync(POLICY)) return action();
  writeFileSync(POLICY, FORBID_STARTS, { mode: 0o755 });
  const allowStarts = () => rmSync(POLICY, { force: true });
  const callOff = atExit(allowStarts);
  try {
    return await action();
  } finally {
    allowStarts();
    callOff();
  }
}

/** Undefined when it went well, else apt's own words. */
async function aptGet(exec: Exec, ...args: readonly string[]): Promise<string | undefined> {
  const command = {
    file: 'apt-get',
    args: ['-q', '-y', '-o', 'DPkg::Lock::Timeout=600', '-o', 'Acquire::Retries=3', ...args],
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  };
  const exit = await exec.run(command);
  return exit.exitCode === 0 ? undefined : describeExit(command, exit);
}
