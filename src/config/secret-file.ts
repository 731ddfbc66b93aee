import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../errors.ts';
import type { Problem } from './problems.ts';
import { type Tree, valueAt, withValue } from './tree.ts';

/** Puts the content of every `passwordFile` where the password goes, without the line end after it. */
export function readPasswordFiles(tree: Tree, base: string, problems: Problem[]): Tree {
  let filled = tree;
  for (const section of ['database', 'rehearsal']) {
    const file = valueAt(tree, [section, 'passwordFile']);
    if (typeof file !== 'string') continue;
    try {
      filled = withValue(
        filled,
        [section, 'password'],
        readFileSync(resolve(base, file), 'utf8').replace(/\r?\n$/, ''),
      );
    } catch (error) {
      problems.push({ path: `${section}.passwordFile`, text: `cannot be read (${messageOf(error)})` });
    }
  }
  return filled;
}
