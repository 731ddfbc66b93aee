import type { SchemaObject } from '../../schema/types.ts';

export interface CheckConstraint {
  readonly name: string;
  readonly clause: string;
}

/** The enforced checks in a table's canonical text. */
export function checkConstraints(object: SchemaObject): CheckConstraint[] {
  return object.definition.split('\n').flatMap((line) => {
    const match = /^(?:column )?check `((?:[^`]|``)+)` \((.*)\)$/s.exec(line);
    return match ? [{ name: match[1] ?? '', clause: plainClause(match[2] ?? '') }] : [];
  });
}

/** MySQL keeps an expression as the text of a literal: its quotes and backslashes are escaped. */
export function plainClause(clause: string): string {
  return /_\w+\\'/.test(clause) ? clause.replace(/\\(['\\])/g, '$1') : clause;
}
