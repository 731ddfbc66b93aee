import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import type { Command, Exec } from '../system/exec.ts';
import { laravelPaths, RETRY_AFTER_SECONDS } from './laravel.ts';
import { LEFT_OVER_MARK } from './laravel-races.ts';
import { asOwner, readOwner } from './owner.ts';

/** What `artisan down --render=errors::503` renders, without the fonts of another host. */
const PAGE = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Service Unavailable</title>
<style>body { align-items: center; color: #6b7280; display: flex; font-family: sans-serif; justify-content: center; min-height: 90vh }</style>
</head>
<body>503 | Service Unavailable</body>
</html>
`;

/** The same for every visitor: nobody has a secret to get past it. From Laravel's maintenance-mode.stub. */
const STUB = `<?php

// Check if the application is in maintenance mode...
if (! file_exists($down = __DIR__.'/down')) {
    return;
}

// Decode the "down" file's JSON...
$data = json_decode(file_get_contents($down), true);

// Allow framework to handle request if no prerendered template...
if (! isset($data['template'])) {
    return;
}

// Output the prerendered template...
http_response_code($data['status'] ?? 503);

if (isset($data['retry'])) {
    header('Retry-After: '.$data['retry']);
}

echo $data['template'];

exit;
`;

/** Laravel 8 and later name the fields so; 11 leaves some out and reads them all the same. */
const DOWN = {
  except: [],
  redirect: null,
  retry: RETRY_AFTER_SECONDS,
  refresh: null,
  secret: null,
  status: 503,
  template: PAGE,
};

/** Each file appears whole, under a name that nobody could have put a link at. */
const PUT = `put() { t=$(mktemp "$1.XXXXXX") && printf %s "$2" > "$t" && chmod "$mode" "$t" && mv -f "$t" "$1"; }`;

/**
 * The command that does by hand what `artisan down` and `up` do, for an application that cannot start: many read their
 * database while they do. It runs as the owner of `storage/`, so that artisan can take the files away again. The site's
 * own `public/index.php` reads them before anything of the application.
 */
export async function laravelFilesCommand(dir: string, to: 'on' | 'off', exec: Exec): Promise<Command> {
  const owner = await readOwner(dir, exec);
  const mode = owner.umask === '0002' ? '0664' : '0644';
  const cwd = laravelPaths(dir).framework;
  const script =
    to === 'on'
      ? // The first does nothing without the second.
        `mode=$1; ${PUT}; put maintenance.php "$2" && put down "$3"`
      : `mode=$1; ${PUT}; rm -f down && { [ ! -e maintenance.php ] || put maintenance.php "$(cat maintenance.php; echo; echo "$2")"; }`;
  const texts = to === 'on' ? [await readStub(dir), `${JSON.stringify(DOWN, null, 4)}`] : [LEFT_OVER_MARK];
  return asOwner({ file: 'sh', args: ['-c', script, 'sh', mode, ...texts], cwd }, owner);
}

/** Why Laravel's files cannot be written; undefined when they can. Tries as the account that would. */
export async function whyNoLaravelFiles(dir: string, exec: Exec): Promise<string | undefined> {
  const { framework } = laravelPaths(dir);
  try {
    const look = asOwner({ file: 'sh', args: ['-c', '[ -w "$1" ]', 'sh', framework] }, await readOwner(dir, exec));
    return (await exec.run(look)).exitCode === 0 ? undefined : `${framework} cannot be written to`;
  } catch (error) {
    return messageOf(error);
  }
}

/** That of the application's own Laravel where it lies in the usual place. */
async function readStub(dir: string): Promise<string> {
  const path = 'vendor/laravel/framework/src/Illuminate/Foundation/Console/stubs/maintenance-mode.stub';
  return readFile(join(dir, path), 'utf8').catch(() => STUB);
}
