import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describeExit, systemExec } from '../../src/system/exec.ts';
import { parseDeb822, parseOneLineStyle, sourcesFor } from './apt-sources.ts';
import { filesIn, wrapPrograms } from './own-loader.ts';

const DEFAULT_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Debian packages that are unpacked beside the system instead of being installed. */
export interface PrivatePackages {
  readonly suite: string;
  readonly names: readonly string[];
  /** Packages that apt shall believe to be there: needed only by programs that we never start. */
  readonly pretended: readonly string[];
}

/**
 * Unpacks packages of another Debian suite, with all that they need down to the C library, into `prefix`. apt works on
 * an empty state of its own: nothing of the system is read as installed or changed, nothing starts, and no root is
 * needed. The archives stay in `debsDir` for the next time. Throws with the failing program's words.
 */
export async function unpackPrivately(packages: PrivatePackages, prefix: string, debsDir: string): Promise<void> {
  if (existsSync(prefix)) return;
  const making = `${prefix}.${process.pid}`;
  try {
    if (!existsSync(debsDir)) await download(packages, making, debsDir);
    // Older suites ship /lib, newer ones /usr/lib: one tree for both.
    for (const folder of ['bin', 'sbin', 'lib', 'lib64']) {
      mkdirSync(join(making, 'usr', folder), { recursive: true });
      symlinkSync(join('usr', folder), join(making, folder));
    }
    for (const archive of filesIn(debsDir, /\.deb$/)) await unpack(archive, making);
    wrapPrograms(making, prefix);
    renameIfFirst(making, prefix);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

async function download(packages: PrivatePackages, scratchDir: string, debsDir: string): Promise<void> {
  const apt = join(scratchDir, '.apt');
  const archives = join(apt, 'archives');
  for (const folder of ['lists/partial', 'archives/partial']) mkdirSync(join(apt, folder), { recursive: true });
  writeFileSync(join(apt, 'debian.sources'), machineSources(packages.suite));
  const architecture = (await run('dpkg', ['--print-architecture'])).trim();
  writeFileSync(join(apt, 'status'), packages.pretended.map((name) => installedStanza(name, architecture)).join('\n'));
  const options = [
    `Dir::Etc::sourcelist=${apt}/debian.sources`,
    'Dir::Etc::sourceparts=/dev/null',
    'Dir::Etc::preferences=/dev/null',
    'Dir::Etc::preferencesparts=/dev/null',
    `Dir::State=${apt}`,
    `Dir::State::status=${apt}/status`,
    `Dir::Cache=${apt}`,
    `Dir::Cache::archives=${archives}`,
    'APT::Install-Recommends=false',
    'APT::Update::Error-Mode=any',
    'APT::Update::Post-Invoke-Success::=',
    'DPkg::Post-Invoke::=',
    'Acquire::Languages=none',
    'Acquire::Retries=3',
    // Otherwise apt, run by root, drops to a user that may not enter our folders.
    ...(process.getuid?.() === 0 ? ['APT::Sandbox::User=root'] : []),
  ].flatMap((option) => ['-o', option]);
  await run('apt-get', ['-q', '-y', ...options, 'update']);
  await run('apt-get', ['-q', '-y', ...options, '--download-only', 'install', ...packages.names]);
  rmSync(join(archives, 'partial'), { recursive: true });
  rmSync(join(archives, 'lock'), { force: true });
  renameIfFirst(archives, debsDir);
  rmSync(apt, { recursive: true });
}

/** apt sources for another suite, made from this machine's own. */
function machineSources(suite: string): string {
  const etc = '/etc/apt';
  const texts = (files: readonly string[]) => files.map((file) => readFileSync(file, 'utf8'));
  const archives = [
    ...texts(filesIn(join(etc, 'sources.list.d'), /\.sources$/)).flatMap(parseDeb822),
    ...texts([...filesIn(etc, /^sources\.list$/), ...filesIn(join(etc, 'sources.list.d'), /\.list$/)]).flatMap(
      parseOneLineStyle,
    ),
  ];
  const release = /^VERSION_CODENAME=(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
  const sources = sourcesFor(suite, release, archives, existsSync(DEFAULT_KEYRING) ? DEFAULT_KEYRING : undefined);
  if (sources === '') throw new Error(`apt has no archive of this machine's own release (${release || 'not Debian'})`);
  return sources;
}

function installedStanza(name: string, architecture: string): string {
  return [
    `Package: ${name}`,
    'Status: install ok installed',
    'Maintainer: none',
    `Architecture: ${architecture}`,
    'Multi-Arch: allowed',
    'Version: 9999:0',
    'Description: pretended',
    '',
  ].join('\n');
}

/** dpkg-deb --extract would replace the links of the merged tree by folders; tar can be told to keep them. */
async function unpack(archive: string, into: string): Promise<void> {
  const unwanted = ['usr/share/doc', 'usr/share/man', 'usr/share/info', 'usr/share/locale', 'usr/share/lintian', 'etc'];
  const exclude = unwanted.map((path) => `--exclude=./${path}`).join(' ');
  await run('sh', [
    '-c',
    `dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --keep-directory-symlink --no-same-owner ${exclude}`,
    'sh',
    archive,
    into,
  ]);
}

/** Two test runs may install at once: the first one wins, both have the same. */
function renameIfFirst(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

async function run(file: string, args: readonly string[]): Promise<string> {
  const command = { file, args };
  const exit = await systemExec.run(command);
  if (exit.exitCode !== 0) throw new Error(describeExit({ file, args: args.slice(-2) }, exit));
  return exit.stdout;
}
