import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { describeExit, systemExec } from '../../src/system/exec.ts';

const POLICY = '/usr/sbin/policy-rc.d';
/** invoke-rc.d takes 101 as "this action is forbidden": packages are installed, but nothing they bring is started. */
const FORBID_STARTS = '#!/bin/sh\nexit 101\n';

/** What could not be installed, and why; both empty when everything is there. */
export interface Missing {
  readonly names: readonly string[];
  readonly reason: string;
}

/**
 * Makes sure that Debian packages are installed, without starting any service. Safe to repeat, and to run twice at
 * once. Never throws: without root or apt, or when apt fails, it returns what is missing and how to get it.
 */
export async function installPackages(names: readonly string[]): Promise<Missing> {
  if (!existsSync('/usr/bin/apt-get'))
    return { names, reason: `there is no apt here; install ${names.join(', ')} by hand` };
  const absent = await absentPackages(names);
  if (absent.length === 0) return { names: [], reason: '' };
  if (process.getuid?.() !== 0) return { names: absent, reason: `as root: apt-get install ${absent.join(' ')}` };
  console.log(`Installing with apt: ${absent.join(', ')}`);
  return withoutServiceStarts(async () => {
    const failure = (await aptGet('update')) ?? (await aptGet('install', '--no-install-recommends', ...absent));
    return failure === undefined ? { names: [], reason: '' } : { names: absent, reason: failure };
  });
}

async function absentPackages(names: readonly string[]): Promise<string[]> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format
  const query = { file: 'dpkg-query', args: ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names] };
  const installed = (await systemExec.run(query)).stdout.split('\n');
  return names.filter((name) => !installed.includes(`${name} installed`));
}

async function withoutServiceStarts<T>(action: () => Promise<T>): Promise<T> {
  const isOurs = !existsSync(POLICY);
  if (isOurs) writeFileSync(POLICY, FORBID_STARTS, { mode: 0o755 });
  try {
    return await action();
  } finally {
    if (isOurs) rmSync(POLICY, { force: true });
  }
}

/** Undefined when it went well, else apt's own words. */
async function aptGet(...args: readonly string[]): Promise<string | undefined> {
  const command = {
    file: 'apt-get',
    args: ['-q', '-y', '-o', 'DPkg::Lock::Timeout=600', '-o', 'Acquire::Retries=3', ...args],
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  };
  const exit = await systemExec.run(command);
  return exit.exitCode === 0 ? undefined : describeExit(command, exit);
}
