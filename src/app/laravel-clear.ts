import type { Command } from '../system/exec.ts';
import { artisanClear, type LaravelCache } from './laravel.ts';

const MARK = 'gateway-migrate clears:';

/**
 * The application's own artisan boots it and runs the first command; it ends with exit(), and what PHP runs then still has the
 * application. One start instead of one for each: a start takes longer than all of their work.
 */
const PROGRAM = `namespace {
  $rest = array_slice($_SERVER['argv'], 2);
  $_SERVER['argv'] = $argv = ['artisan', $_SERVER['argv'][1]];
  $_SERVER['argc'] = $argc = 2;
  register_shutdown_function(function () use ($rest) {
    foreach ($rest as $name) {
      echo "\\n${MARK} $name\\n";
      try {
        $kernel = \\Illuminate\\Container\\Container::getInstance()->make(\\Illuminate\\Contracts\\Console\\Kernel::class);
        $kernel->call($name);
        echo $kernel->output();
      } catch (\\Throwable $error) {
        echo get_class($error), ': ', $error->getMessage();
      }
    }
  });
  require './artisan';
}`;

/** Clears several caches in one PHP start. What each said: `outputsOf`. */
export function artisanClearTogether(dir: string, caches: readonly LaravelCache[]): Command {
  const [first = 'cache', ...others] = caches;
  const command = artisanClear(dir, first);
  return { ...command, args: ['-r', PROGRAM, '--', `${first}:clear`, ...others.map((name) => `${name}:clear`)] };
}

/** What each of them printed, in their order. */
export function outputsOf(stdout: string, caches: readonly LaravelCache[]): string[] {
  const parts = stdout.split(new RegExp(`^${MARK} .*$`, 'm'));
  return caches.map((_, index) => parts[index] ?? '');
}
