import { foldName } from '../../mysql/name.ts';
import { digestOf } from '../checksum.ts';
import { classify } from '../classify/classify.ts';
import type { Statement, Touch } from '../types.ts';
import type { LexicalModes } from './lexer.ts';

/** A statement's text together with all that is known from it. */
export function toStatement(text: string, line: number, modes?: LexicalModes): Statement {
  const statement = { text, line, digest: digestOf(text, modes), ...classify(text, modes) };
  return modes?.foldsNames ? { ...statement, ...folded(statement), foldsNames: true } : statement;
}

function folded({ touches, writes }: Pick<Statement, 'touches' | 'writes'>): Pick<Statement, 'touches' | 'writes'> {
  return { touches: touches.map(foldTouch), writes: writes.map(foldName) };
}

function foldTouch({ object, to, schema, toSchema, ...rest }: Touch): Touch {
  return {
    ...rest,
    object: foldId(object),
    ...(to === undefined ? {} : { to: foldId(to) }),
    ...(schema === undefined ? {} : { schema: foldName(schema) }),
    ...(toSchema === undefined ? {} : { toSchema: foldName(toSchema) }),
  };
}

/** The names of triggers are kept as they are written, and MariaDB finds them by no other. */
function foldId(id: Touch['object']): Touch['object'] {
  return /^(?:table|view|sequence):/.test(id) ? (foldName(id) as Touch['object']) : id;
}
