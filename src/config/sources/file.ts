import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { failedToRead, type Problem } from '../problems.ts';
import { isTree, type Path, type Tree } from './tree.ts';

export const FILE_NAMES = ['yaml', 'yml', 'json', 'js', 'mjs'].map((ending) => `gateway-migrate.config.${ending}`);

/** A configuration file as it is written. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly tree: Tree;
  /** True for a program: it has the environment itself, so `${NAME}` in its texts is left alone. */
  readonly isProgram: boolean;
  /** `gateway-migrate.config.yaml:12`, seen from the current directory. */
  origin(path: Path): string;
}

/** The nearest configuration file in `cwd` or a folder above it. Throws when a folder has two. */
export function findConfigFile(cwd: string): string | undefined {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const found = FILE_NAMES.map((name) => join(folder, name)).filter((path) => existsSync(path));
    if (found.length > 1) {
      throw failedToRead(folder, `holds ${found.length} configuration files (${found.join(', ')}), expected one`);
    }
    if (found[0] || folder === dirname(folder)) return found[0];
  }
}

/** Reads and parses a file. Throws a `Failure` when it cannot be read or is not YAML; pushes lesser problems. */
export async function readConfigFile(path: string, cwd: string, problems: Problem[]): Promise<ConfigFile> {
  const shown = relative(cwd, path) || path;
  if (/^\.m?js$/.test(extname(path))) {
    const tree = toTree(await runProgram(path, shown), shown);
    return { path, tree, isProgram: true, origin: () => shown };
  }
  // JSON is read as the YAML it is: one parser tells line and column for both.
  const { readYaml } = await import('./yaml.ts');
  const { value, lineOf } = readYaml(readText(path, shown), shown, problems);
  const origin = (at: Path) => `${shown}:${lineOf(at)}`;
  return { path, tree: toTree(value, shown), isProgram: false, origin };
}

function readText(path: string, shown: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw failedToRead(shown, `cannot be read (${(error as Error).message})`);
  }
}

async function runProgram(path: string, shown: string): Promise<unknown> {
  try {
    const exported: unknown = (await import(pathToFileURL(path).href)).default;
    return typeof exported === 'function' ? await exported() : exported;
  } catch (error) {
    throw failedToRead(shown, `cannot be run (${(error as Error).message})`);
  }
}

/** A key with nothing after it (all of a section commented out) counts as left out. */
function toTree(value: unknown, shown: string): Tree {
  if (value === null) return {};
  if (!isTree(value)) throw failedToRead(shown, 'holds no mapping, expected keys such as database and migrations');
  return Object.fromEntries(Object.entries(value).filter(([, section]) => section !== null));
}
