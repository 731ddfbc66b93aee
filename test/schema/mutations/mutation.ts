import type { ServerKind } from '../../support/installed.ts';

/** One kind of change, its inverse, what it touches, and what a difference must show. */
export interface Mutation {
  readonly title: string;
  readonly apply: readonly string[];
  readonly revert: readonly string[];
  readonly objects: readonly string[];
  readonly shows: RegExp;
  readonly only?: ServerKind;
}

export function alter(
  title: string,
  table: string,
  apply: string,
  revert: string,
  shows: RegExp,
  only?: ServerKind,
): Mutation {
  return {
    title,
    apply: [`ALTER TABLE ${table} ${apply}`],
    revert: [`ALTER TABLE ${table} ${revert}`],
    objects: [`table:${table}`],
    shows,
    ...(only ? { only } : {}),
  };
}

export function replaced(object: string, title: string, create: string, changed: string, shows: RegExp): Mutation {
  const [kind = '', name] = object.split(':');
  const drop = `DROP ${kind.toUpperCase()} ${name}`;
  return { title, apply: [drop, changed], revert: [drop, create], objects: [object], shows };
}
