import { join } from 'node:path';
import { type Command, describeExit } from '../system/exec.ts';
import type { Exit } from '../system/exit.ts';

/** Seconds that visitors are asked to wait before they try again (the Retry-After header). */
export const RETRY_AFTER_SECONDS = 60;

export type LaravelCache = 'config' | 'cache' | 'route' | 'view';

/** Caches to clear before the migrations run, and after. */
export const CACHES_BEFORE: readonly LaravelCache[] = ['config', 'cache'];
export const CACHES_AFTER: readonly LaravelCache[] = ['config', 'cache', 'route', 'view'];

/** Symfony breaks error messages at the terminal's width, in the middle of words; this is wide enough for any. */
const WIDE = { COLUMNS: '2000' };
const WORDS_SHOWN = 400;

export function artisan(dir: string, ...args: readonly string[]): Command {
  return { file: 'php', args: ['artisan', ...args], cwd: dir, env: WIDE };
}

/** How artisan ended. What went wrong stands first in its output, and a stack trace may follow. */
export function describeArtisan(command: Command, exit: Exit): string {
  const lines = (exit.stdout.trim() || exit.stderr.trim()).split('\n').map((line) => line.trim());
  const trace = lines.findIndex((line) => /^(#0|Stack trace:|at .+:\d+$)/.test(line));
  const words = lines.slice(0, trace === -1 ? undefined : trace).filter(Boolean);
  return describeExit(command, { ...exit, stdout: '', stderr: words.join(' ').slice(0, WORDS_SHOWN) });
}

/** `--render` writes the whole page into the maintenance file, so that it is served even when nothing else works. */
export function artisanDown(dir: string): Command {
  return artisan(dir, 'down', '--render=errors::503', `--retry=${RETRY_AFTER_SECONDS}`);
}

export function artisanUp(dir: string): Command {
  return artisan(dir, 'up');
}

export function artisanClear(dir: string, cache: LaravelCache): Command {
  return artisan(dir, `${cache}:clear`);
}

export function artisanVersion(dir: string): Command {
  return artisan(dir, '--version');
}

/** Says whether a `*:clear` command did its work; artisan's exit code does not (Laravel 8 exits 0 after an error). */
export function hasCleared(output: string): boolean {
  // Laravel 8: "Route cache cleared!"; Laravel 11: "Route cache cleared successfully."; a failure: "Failed to clear cache."
  return /\bcleared\b/i.test(output);
}

/** Paths that Laravel itself writes or reads. */
export function laravelPaths(dir: string) {
  return {
    artisan: join(dir, 'artisan'),
    storage: join(dir, 'storage'),
    logs: join(dir, 'storage/logs'),
    log: join(dir, 'storage/logs/laravel.log'),
    compiledViews: join(dir, 'storage/framework/views'),
    framework: join(dir, 'storage/framework'),
    bootstrapCache: join(dir, 'bootstrap/cache'),
    cachedConfig: join(dir, 'bootstrap/cache/config.php'),
    /** Written by `artisan down` with the file driver, which is the default. */
    down: join(dir, 'storage/framework/down'),
    /** Written beside it since Laravel 8, and alone with Laravel 9's cache driver. */
    maintenance: join(dir, 'storage/framework/maintenance.php'),
  };
}
