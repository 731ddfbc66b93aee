import { stat } from 'node:fs/promises';
import { relative } from 'node:path';
import { messageOf } from '../errors.ts';
import { describeExit } from '../system/exec.ts';
import { type Check, fail, pass } from './check.ts';
import { artisanVersion, describeArtisan, laravelPaths } from './laravel.ts';
import { asOwner, type Owner, readAccountName, readOwner } from './owner.ts';
import type { AppPorts } from './ports.ts';

/** What every artisan command needs: PHP, `artisan`, and folders that its account may write to. */
export async function checkLaravel(dir: string, ports: AppPorts): Promise<Check[]> {
  const artisan = await checkArtisanFile(dir);
  if (!artisan.ok) return [artisan];
  let owner: Owner;
  try {
    owner = await readOwner(dir, ports.exec);
  } catch (error) {
    return [fail('storage folder', messageOf(error), 'create storage/ and give it to the web server’s account')];
  }
  const account = await readAccountName(owner.uid, ports.exec);
  return Promise.all([checkArtisanRuns(dir, owner, account, ports), checkWritable(dir, owner, account, ports)]);
}

async function checkArtisanFile(dir: string): Promise<Check> {
  const path = laravelPaths(dir).artisan;
  try {
    await stat(path);
    return pass('artisan', path);
  } catch {
    const remedy = 'set app.dir to the folder that holds artisan, or app.maintenance and app.caches to something else';
    return fail('artisan', `${path} does not exist`, remedy);
  }
}

async function checkArtisanRuns(dir: string, owner: Owner, account: string, ports: AppPorts): Promise<Check> {
  const php = await ports.exec.run({ file: 'php', args: ['-v'] }, { signal: ports.signal });
  if (php.failedToStart) {
    return fail('artisan', 'php was not found', 'install PHP’s command line program, or put it on the PATH');
  }
  const command = artisanVersion(dir);
  const exit = await ports.exec.run(asOwner(command, owner), { signal: ports.signal });
  const version = exit.stdout.trim();
  // An uncaught error ends with exit code 0 when laravel.log cannot be written, so the answer itself is looked at.
  if (exit.exitCode === 0 && /^Laravel Framework /.test(version)) {
    return pass('artisan', `${version}, as ${account}`);
  }
  return fail(
    'artisan',
    describeArtisan(command, exit),
    `run \`php artisan --version\` in ${dir} and repair what it says`,
  );
}

/** One shell as the owner tries every path; it prints those that may not be written. Missing ones do not count. */
async function checkWritable(dir: string, owner: Owner, account: string, ports: AppPorts): Promise<Check> {
  const { framework, compiledViews, logs, log, bootstrapCache } = laravelPaths(dir);
  const paths = [framework, compiledViews, logs, log, bootstrapCache];
  const look = 'for path; do [ ! -e "$path" ] || [ -w "$path" ] || echo "$path"; done';
  const command = { file: 'sh', args: ['-c', look, 'sh', ...paths] };
  const exit = await ports.exec.run(asOwner(command, owner), { signal: ports.signal });
  if (exit.exitCode !== 0)
    return fail(
      'writable folders',
      describeExit(command, exit),
      `make storage/ and bootstrap/cache/ writable for ${account}`,
    );
  const denied = exit.stdout.split('\n').filter(Boolean);
  if (denied.length === 0) return pass('writable folders', `storage and bootstrap/cache, as ${account}`);
  const names = denied.map((path) => relative(dir, path)).join(', ');
  const remedy = `chown -R ${owner.uid}:${owner.gid} ${denied.join(' ')}`;
  return fail('writable folders', `${account} may not write to ${names}`, remedy);
}
