import { readdirSync, readFileSync } from 'node:fs';
import { basename, sep } from 'node:path';
import { messageOf } from '../../errors.ts';
import { checksumOf } from '../checksum.ts';
import { compareVersions } from '../file-name.ts';
import type { Problem } from '../source-files.ts';
import type { Allowance } from '../types.ts';

/** One of Laravel's own migrations. Its name without `.php` is how Laravel knows it, and its version. */
export interface PhpFile {
  readonly path: string;
  readonly baseName: string;
  /** The base name without its date. */
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

const COMMENT =
  /^[ \t]*(?:\/\/|#|\/?\*+|--)[ \t]*(?:--[ \t]*)?migrate:allow[ \t]+([\w-]+)[ \t]+(\S.*?)[ \t]*(?:\*\/)?[ \t\r]*$/;

/** As Laravel's migrator looks for them (`*_*.php`), in the order of their names. */
export function readPhpFiles(dir: string, problems: Problem[]): PhpFile[] {
  const files: PhpFile[] = [];
  for (const entry of namesIn(dir, problems)) {
    const path = dir + sep + entry;
    try {
      const text = readFileSync(path, 'utf8');
      const baseName = basename(entry, '.php');
      const name = baseName.replace(/^\d{4}_\d{2}_\d{2}_\d+_/, '');
      files.push({ path, baseName, name, text, checksum: checksumOf(text) });
    } catch (error) {
      problems.push({ path, what: messageOf(error), remedy: 'make the file readable' });
    }
  }
  return files.sort((a, b) => compareVersions(a.baseName, b.baseName));
}

function namesIn(dir: string, problems: Problem[]): string[] {
  try {
    return readdirSync(dir).filter((name) => /^[^.].*_.*\.php$/.test(name));
  } catch (error) {
    problems.push({ path: dir, what: messageOf(error), remedy: 'check migrations.dir in the configuration' });
    return [];
  }
}

/** PURE: what stands in comments of the file: `// migrate:allow NAME why`. */
export function allowancesIn({ text }: Pick<PhpFile, 'text'>): Allowance[] {
  return text.split('\n').flatMap((line, index) => {
    const [, name = '', reason = ''] = COMMENT.exec(line) ?? [];
    return name === '' ? [] : [{ name, reason, line: index + 1 }];
  });
}
