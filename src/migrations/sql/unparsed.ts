import { type ParsedFile, parseSections } from '../parse.ts';
import type { Migration } from '../types.ts';
import type { LexicalModes } from './lexer.ts';

/** A migration that is parsed when somebody first asks for a part of it: parsing is most of what a folder costs. */
export function unparsed(
  file: Pick<Migration, 'version' | 'name' | 'baseName' | 'path' | 'checksum' | 'text'>,
  modes?: LexicalModes,
): Migration {
  let parsed: ParsedFile | undefined;
  const parse = () => {
    parsed ??= parseSections(file.text, modes);
    return parsed;
  };
  return {
    ...file,
    get up() {
      return parse().sections.up;
    },
    get down() {
      return parse().sections.down;
    },
    get check() {
      return parse().sections.check;
    },
    get verify() {
      return parse().sections.verify;
    },
    get allows() {
      return parse().allows;
    },
  };
}
