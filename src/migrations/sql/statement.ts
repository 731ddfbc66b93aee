import { digestOf } from '../checksum.ts';
import { classify } from '../classify/classify.ts';
import type { Statement } from '../types.ts';
import type { LexicalModes } from './lexer.ts';

/** A statement's text together with all that is known from it. */
export function toStatement(text: string, line: number, modes?: LexicalModes): Statement {
  return { text, line, digest: digestOf(text, modes), ...classify(text, modes) };
}
