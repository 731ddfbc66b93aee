import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../../errors.ts';
import type { Problem } from '../problems.ts';
import { type Tree, valueAt, withValue } from './tree.ts';

/**
 * Reads the files that stand for a value: `passwordFile`, whose line end does not count, and the certificate of
 * `tls.ca`, which drivers and client programs want as text.
 */
export function readNamedFiles(tree: Tree, base: string, problems: Problem[]): Tree {
  const read = (
    from: Tree,
    path: readonly string[],
    to: readonly string[],
    convert: (text: string) => string,
  ): Tree => {
    const file = valueAt(tree, path);
    if (typeof file !== 'string' || file === '') return from;
    try {
      return withValue(from, to, convert(readFileSync(resolve(base, file), 'utf8')));
    } catch (error) {
      problems.push({ path: path.join('.'), text: `cannot be read (${messageOf(error)})` });
      return from;
    }
  };
  return ['database', 'rehearsal'].reduce((filled, section) => {
    const withPassword = read(filled, [section, 'passwordFile'], [section, 'password'], (text) =>
      text.replace(/\r?\n$/, ''),
    );
    return read(withPassword, [section, 'tls', 'ca'], [section, 'tls', 'ca'], (text) => text);
  }, tree);
}
