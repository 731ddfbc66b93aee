// Makes a fresh clone ready with nothing but Node: dependencies, then dist/. Uses no package, since there may be none.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** npm writes this file last: it is as new as the installation. */
const installed = modified('node_modules/.package-lock.json');
if (installed < modified('package-lock.json')) run('Installing dependencies', 'npm', ['ci', '--no-progress']);

const sources = ['src', 'build.config.js', 'package.json', 'package-lock.json'];
if (modified('dist/main.cjs') < Math.max(...sources.map(newest))) {
  run('Building dist/', process.execPath, ['build.config.js']);
}

/** Milliseconds since 1970; 0 when the file does not exist. */
function modified(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** When the newest file in a folder, or a single file, was changed; the folder itself counts, for deletions. */
function newest(path) {
  const own = modified(path);
  if (!existsSync(join(root, path)) || !statSync(join(root, path)).isDirectory()) return own;
  return Math.max(own, ...readdirSync(join(root, path)).map((name) => newest(join(path, name))));
}

function run(what, file, args) {
  console.log(`${what} (${[file === process.execPath ? 'node' : file, ...args].join(' ')})`);
  const { status, error } = spawnSync(file, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return;
  console.error(`${what} failed${error ? `: ${error.message}` : ''}. Nothing else was started.`);
  process.exit(1);
}
