/** The limit of both servers for the name of a database or a table, in characters. */
const LONGEST_NAME = 64;

/** `name` with something behind it; a long name is cut. */
export function suffixed(name: string, suffix: string): string {
  return `${name.slice(0, LONGEST_NAME - suffix.length)}${suffix}`;
}

/**
 * The name of a database or a table as a server with `lower_case_table_names=1` keeps it, and as one with 2 compares it.
 * Every other comparison of names goes through here as well.
 */
export function foldName(name: string): string {
  return name.toLowerCase();
}

/** PURE: do both mean the same database or table? `folds`: `lower_case_table_names` is not 0. */
export function isSameName(one: string, other: string, folds: boolean): boolean {
  return one === other || (folds && foldName(one) === foldName(other));
}

/** The names as they stand in `known`; one that does not is left as it is. */
export function spelledAs(names: Iterable<string>, known: Iterable<string>, folds: boolean): string[] {
  const all = [...known];
  const spelled = [...names].map((name) =>
    all.includes(name) ? name : (all.find((one) => isSameName(one, name, folds)) ?? name),
  );
  return [...new Set(spelled)];
}
