import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';

/**
 * Makes the programs unpacked in `tree` run with the C library that came with them, which may be newer than the
 * system's: each becomes a script that starts the real program through the tree's own dynamic loader. `prefix` is
 * where the tree will be in the end. The loader is called by a link with the program's name, so that the process
 * list shows `mysqld`; argv[0] stays the script's path, from which a server works out its basedir.
 */
export function wrapPrograms(tree: string, prefix: string): void {
  const lib = join(tree, 'usr/lib');
  const libFolder = filesIn(lib, /-linux-gnu/).find((folder) => existsSync(join(folder, 'libc.so.6')));
  const loader = [libFolder ?? lib, lib].flatMap((folder) => filesIn(folder, /^ld-linux.*\.so\.\d+$/))[0];
  if (loader === undefined || libFolder === undefined) throw new Error(`no dynamic loader was unpacked in ${tree}`);
  const libraries = join(prefix, relative(tree, libFolder));
  const programs = join('usr', 'libexec', 'programs');
  const loaders = join('usr', 'libexec', 'loaders');
  for (const folder of [programs, loaders]) mkdirSync(join(tree, folder), { recursive: true });
  const files = ['usr/bin', 'usr/sbin'].flatMap((folder) => filesIn(join(tree, folder), /./));
  for (const file of files.filter(isElf)) {
    const name = basename(file);
    renameSync(file, join(tree, programs, name));
    symlinkSync(join(prefix, relative(tree, loader)), join(tree, loaders, name));
    const command = [
      join(prefix, loaders, name),
      '--inhibit-cache',
      `--library-path ${libraries}`,
      `--argv0 ${join(prefix, relative(tree, file))}`,
      join(prefix, programs, name),
    ];
    writeFileSync(file, `#!/bin/sh\nexec ${command.join(' ')} "$@"\n`, { mode: 0o755 });
  }
}

/** Paths in `folder` whose name matches; none when there is no such folder. */
export function filesIn(folder: string, name: RegExp): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((entry) => name.test(entry))
    .sort()
    .map((entry) => join(folder, entry));
}

function isElf(file: string): boolean {
  const start = Buffer.alloc(4);
  if (!lstatSync(file).isFile()) return false;
  const fd = openSync(file, 'r');
  try {
    readSync(fd, start, 0, 4, 0);
  } finally {
    closeSync(fd);
  }
  return start.toString('latin1') === '\x7fELF';
}
