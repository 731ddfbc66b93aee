import { comparePlaces, parsePlace } from '../range.ts';

/** PURE: each once, in the order of the log. */
export function inOrder(places: Iterable<string>): string[] {
  return [...new Set(places)].sort((one, other) => comparePlaces(parsePlace(one), parsePlace(other)));
}
