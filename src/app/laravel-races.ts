import { readFile } from 'node:fs/promises';
import type { Command } from '../system/exec.ts';

/** Follows Laravel's own lines in the `maintenance.php` of a site that is up. */
export const LEFT_OVER_MARK =
  '// The site is up: gateway-migrate leaves this file here, because a visitor may be about to read it.';

/**
 * Artisan's own work leaves two moments at which a visitor is shown an error 500 (measured: one `down` and one `up` of
 * 150 each, under three visitors without pause):
 *
 * - `down` empties a file before it fills it, and Laravel reads null where it needs an array.
 * - `up` removes `maintenance.php` after `public/index.php` saw it and before it requires it.
 *
 * PHP looks for a function in the caller's namespace first, so functions of these names there write beside and rename,
 * and leave `maintenance.php`: without the file `down` beside it, it does nothing. Laravel 8 works from the namespace
 * of the command, Laravel 9 and later from that of the file driver too; one that works some other way is not changed.
 */
const FUNCTIONS = `{
  function file_put_contents($path, $data, ...$more) {
    if ($more) return \\file_put_contents($path, $data, ...$more);
    $written = \\file_put_contents("$path.new", $data);
    return $written !== false && rename("$path.new", $path) ? $written : false;
  }
  function unlink($path) {
    if (basename($path) !== 'maintenance.php') return \\unlink($path);
    return file_put_contents($path, rtrim(file_get_contents($path)) . "\\n${LEFT_OVER_MARK}\\n") !== false;
  }
}`;
const PROGRAM = `namespace Illuminate\\Foundation\\Console ${FUNCTIONS}
namespace Illuminate\\Foundation ${FUNCTIONS}
namespace { $_SERVER['argv'][0] = 'artisan'; require './artisan'; }`;

/** The same artisan command, at no moment of which a visitor finds half a file, or one that goes. */
export function withoutRaces(command: Command): Command {
  const [, ...args] = command.args;
  return { ...command, args: ['-r', PROGRAM, '--', ...args] };
}

/** Was this `maintenance.php` left behind by our own `artisan up`? Not one that somebody else's has removed meanwhile. */
export async function isLeftOver(path: string): Promise<boolean> {
  try {
    return (await readFile(path, 'utf8')).includes(LEFT_OVER_MARK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
