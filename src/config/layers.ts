import { formatPath, merge, type Path, type Tree, valueAt } from './sources/tree.ts';

/** One source of settings. */
export interface Layer {
  readonly tree: Tree;
  /** The same as it was written, where that differs: before `${NAME}` was filled in. */
  readonly written?: Tree | undefined;
  /** Where the value of a path stands, for messages: `gateway-migrate.config.yaml:12`. */
  origin(path: Path): string;
}

/** All layers in one tree; later ones win. */
export function mergeLayers(layers: readonly Layer[]): Tree {
  return layers.reduce<Tree>((merged, layer) => merge(merged, layer.tree), {});
}

const SECRET = /(^|\.)password$|^notify\[\d+\]\.(url|smtp)$/;

/** What stands at a path and where, for a message: `"ten" in gateway-migrate.config.yaml:12`. */
export function describeFound(layers: readonly Layer[], path: Path): string {
  const layer = layers.findLast(({ tree }) => valueAt(tree, path) !== undefined);
  if (!layer) return 'nothing';
  const value = valueAt(layer.written ?? layer.tree, path);
  return `${describeValue(value, SECRET.test(formatPath(path)))} in ${layer.origin(path)}`;
}

function describeValue(value: unknown, isSecret: boolean): string {
  if (value === null) return 'nothing (null)';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (isSecret) return `a ${typeof value === 'string' ? 'text' : typeof value} (not shown)`;
  // An address may carry a password wherever it was put by mistake.
  return JSON.stringify(value)?.replace(/:\/\/.*@/, '://…@') ?? 'a function';
}
