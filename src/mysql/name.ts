/** The limit of both servers for the name of a database or a table, in characters. */
const LONGEST_NAME = 64;

/** `name` with something behind it; a long name is cut. */
export function suffixed(name: string, suffix: string): string {
  return `${name.slice(0, LONGEST_NAME - suffix.length)}${suffix}`;
}
