import type { Problem } from '../problems.ts';
import { formatPath, isTree, type Path, type Tree } from './tree.ts';

interface Variables {
  /** Where they were looked for, for messages. */
  readonly places: string;
  get(name: string): string | undefined;
}

/** `$${` is a literal `${`; anything else after `${` must be a name. */
const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;

/** Fills `${NAME}` into every text of a tree. A variable that is not set is a problem; values are never told. */
export function substitute(tree: Tree, variables: Variables, problems: Problem[]): Tree {
  return inside(tree, [], variables, problems) as Tree;
}

function inside(value: unknown, path: Path, variables: Variables, problems: Problem[]): unknown {
  if (typeof value === 'string') return fill(value, path, variables, problems);
  if (Array.isArray(value)) return value.map((item, at) => inside(item, [...path, at], variables, problems));
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, below]) => [key, inside(below, [...path, key], variables, problems)]),
  );
}

function fill(text: string, path: Path, variables: Variables, problems: Problem[]): string {
  return text.replace(REFERENCE, (all, name: string | undefined, end: string) => {
    if (name === undefined) return '${';
    if (end === '' || !/^[A-Za-z_][A-Za-z0-9_.]*$/.test(name)) {
      problems.push({
        path: formatPath(path),
        text: `found "\${" without a name and "}" after it, expected \${NAME}, or $\${ for the characters "\${"`,
      });
      return all;
    }
    const value = variables.get(name);
    if (value === undefined) {
      problems.push({ path: formatPath(path), text: `\${${name}} is not set, expected it in ${variables.places}` });
    }
    return value ?? all;
  });
}
