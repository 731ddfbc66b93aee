import { linkSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { artisan } from '../../src/app/laravel.ts';
import { isLeftOver, withoutRaces } from '../../src/app/laravel-races.ts';
import { systemExec } from '../../src/system/exec.ts';
import { describeOnLaravel } from '../support/laravel.ts';

/** What `down` and `up` do, from both places that Laravel does it from. */
const ARTISAN = (namespace: string) => `#!/usr/bin/env php
<?php
namespace ${namespace};
if ($_SERVER['argv'] === ['artisan', 'down']) {
  $written = [file_put_contents('down', '{"status": 503}'), file_put_contents('maintenance.php', "<?php\\nexit;\\n")];
}
if ($_SERVER['argv'] === ['artisan', 'up']) $written = [unlink('down'), unlink('maintenance.php')];
if ($_SERVER['argv'] === ['artisan', 'append']) $written = [file_put_contents('down', '!', FILE_APPEND)];
echo json_encode($written);
exit(3);
`;

await describeOnLaravel('artisan without races', () => {
  let dir: string;
  const path = (name: string) => join(dir, name);
  const run = (word: string) => systemExec.run(withoutRaces(artisan(dir, word)));

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'gateway-artisan-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test.for(['Illuminate\\Foundation\\Console', 'Illuminate\\Foundation'])('%s', async (namespace) => {
    writeFileSync(path('artisan'), ARTISAN(namespace));
    for (const name of ['down', 'maintenance.php']) {
      writeFileSync(path(name), 'older');
      linkSync(path(name), path(`${name}.link`));
    }

    expect(await run('down')).toMatchObject({ exitCode: 3, stdout: '[15,12]' });
    // Another file took the name; the one that had it was neither emptied nor written to.
    for (const name of ['down.link', 'maintenance.php.link']) {
      expect(readFileSync(path(name), 'utf8')).toBe('older');
      rmSync(path(name));
    }
    expect(readFileSync(path('down'), 'utf8')).toBe('{"status": 503}');
    expect(await isLeftOver(path('maintenance.php'))).toBe(false);

    expect(await run('append')).toMatchObject({ stdout: '[1]' });
    expect(readFileSync(path('down'), 'utf8')).toBe('{"status": 503}!');

    expect(await run('up')).toMatchObject({ exitCode: 3, stdout: '[true,true]' });
    expect(() => statSync(path('down'))).toThrow('ENOENT');
    expect(readFileSync(path('maintenance.php'), 'utf8')).toMatch(/^<\?php\nexit;\n\/\/ The site is up: .*\n$/);
    expect(await isLeftOver(path('maintenance.php'))).toBe(true);
    rmSync(path('maintenance.php'));
    expect(await isLeftOver(path('maintenance.php'))).toBe(false);
  });
});
