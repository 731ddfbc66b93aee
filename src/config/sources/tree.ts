/** What a configuration is before it is checked: mappings of anything. */
export type Tree = { readonly [key: string]: unknown };
export type Path = readonly PropertyKey[];

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path of keys and list positions; undefined when there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** A copy with the value put at a path of keys. */
export function withValue(tree: Tree, path: readonly string[], value: unknown): Tree {
  const [key, ...rest] = path;
  if (key === undefined) return tree;
  const below = tree[key];
  return { ...tree, [key]: rest.length === 0 ? value : withValue(isTree(below) ? below : {}, rest, value) };
}

/** Keys that say the same thing in two ways: whoever gives one of them, takes the others of a weaker layer away. */
const RIVALS: readonly (readonly [readonly string[], readonly string[]])[] = [
  [['socket'], ['host', 'port']],
  [['password'], ['passwordFile']],
];

/** The stronger layer over the weaker one: mappings are merged, everything else replaced. */
export function merge(weaker: Tree, stronger: Tree): Tree {
  const merged: Record<string, unknown> = { ...withoutRivals(weaker, stronger) };
  for (const [key, value] of Object.entries(stronger)) {
    if (value === undefined) continue;
    const below = merged[key];
    merged[key] = isTree(below) && isTree(value) ? merge(below, value) : value;
  }
  return merged;
}

/** What remains of the weaker layer once the stronger one lies over it. */
export function uncovered(weaker: Tree, stronger: Tree): Tree {
  const left = Object.entries(withoutRivals(weaker, stronger)).flatMap(([key, value]) => {
    const above = stronger[key];
    if (above === undefined) return [[key, value]];
    return isTree(value) && isTree(above) ? [[key, uncovered(value, above)]] : [];
  });
  return Object.fromEntries(left);
}

function withoutRivals(weaker: Tree, stronger: Tree): Tree {
  const gone = new Set<string>();
  for (const [one, other] of RIVALS) {
    if (one.some((key) => stronger[key] !== undefined)) for (const key of other) gone.add(key);
    if (other.some((key) => stronger[key] !== undefined)) for (const key of one) gone.add(key);
  }
  return gone.size === 0 ? weaker : Object.fromEntries(Object.entries(weaker).filter(([key]) => !gone.has(key)));
}

/** `monitor.logs[0].path` */
export function formatPath(path: Path): string {
  return path
    .map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at === 0 ? '' : '.'}${String(key)}`))
    .join('');
}
