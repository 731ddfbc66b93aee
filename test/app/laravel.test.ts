import { expect, test } from 'vitest';
import {
  artisanClear,
  artisanDown,
  artisanUp,
  artisanVersion,
  describeArtisan,
  hasCleared,
} from '../../src/app/laravel.ts';
import { asOwner, type Owner } from '../../src/app/owner.ts';
import { displayCommand, systemExec } from '../../src/system/exec.ts';

const OWNER: Owner = { uid: 33, gid: 33, umask: '0022', prefix: [] };

test('artisan commands are what a person would type in the application folder', () => {
  expect(artisanDown('/srv/app')).toEqual({
    file: 'php',
    args: ['artisan', 'down', '--render=errors::503', '--retry=60'],
    cwd: '/srv/app',
    env: { COLUMNS: '2000' },
  });
  const commands = [artisanUp('/srv/app'), artisanClear('/srv/app', 'route'), artisanVersion('/srv/app')];
  expect(commands.map(displayCommand)).toEqual(['php artisan up', 'php artisan route:clear', 'php artisan --version']);
});

test('what went wrong stands first in artisan’s output; the trace is left out', () => {
  const exit = { exitCode: 1, signal: undefined, stderr: '', ms: 1, failedToStart: false };
  const rendered = '\n\nIn Connection.php line 712:\n\n  SQLSTATE[HY000] [2002] Connection refused  \n\n\n';
  expect(describeArtisan(artisanUp('/srv/app'), { ...exit, stdout: rendered })).toBe(
    '`php artisan up` exited with 1: In Connection.php line 712: SQLSTATE[HY000] [2002] Connection refused',
  );
  const fatal = 'PHP Fatal error:  Uncaught Error: Call to undefined function f()\nStack trace:\n#0 {main}\n';
  expect(describeArtisan(artisanUp('/srv/app'), { ...exit, stdout: '', stderr: fatal })).toBe(
    '`php artisan up` exited with 1: PHP Fatal error:  Uncaught Error: Call to undefined function f()',
  );
});

test('only a message of success counts as cleared', () => {
  expect(hasCleared('Route cache cleared!\n')).toBe(true);
  expect(hasCleared('\n   INFO  Compiled views cleared successfully.  \n')).toBe(true);
  expect(hasCleared('Failed to clear cache. Make sure you have the appropriate permissions.')).toBe(false);
  expect(hasCleared('')).toBe(false);
});

test('a command run as the owner keeps its folder, and its words whatever is in them', async () => {
  const command = { file: 'printf', args: ['%s|', "it's", 'a b', '$HOME', '"'], cwd: '/' };
  const started = asOwner(command, OWNER);
  expect(started.cwd).toBe('/');
  expect((await systemExec.run(started)).stdout).toBe('it\'s|a b|$HOME|"|');
});

test('the umask is the owner’s, not ours', async () => {
  const before = process.umask(0o077);
  try {
    const shared = asOwner({ file: 'sh', args: ['-c', 'umask'] }, { ...OWNER, umask: '0002' });
    expect((await systemExec.run(shared)).stdout).toBe('0002\n');
  } finally {
    process.umask(before);
  }
});

test('the words that change the account stand in front', () => {
  const prefix = ['setpriv', '--reuid=33', '--regid=33', '--init-groups', '--'];
  const { file, args } = asOwner(artisanUp('/srv/app'), { ...OWNER, prefix });
  expect([file, ...args]).toEqual([...prefix, 'sh', '-c', 'umask 0022; exec "$@"', 'sh', 'php', 'artisan', 'up']);
});
