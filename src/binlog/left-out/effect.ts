import { classify } from '../../migrations/classify/classify.ts';
import { enterAlter, readAlterActions } from '../../migrations/sql/alter-actions.ts';
import type { LexicalModes } from '../../migrations/sql/lexer.ts';
import { Tokens } from '../../migrations/sql/tokens.ts';
import type { ObjectId } from '../../schema/types.ts';

/**
 * What a statement makes of an object. `reshaped`: the columns are others, or the name is; `emptied`: all rows go, the table stays;
 * `thinned`: those of a partition go, and nobody knows which; `keyed`: indexes and constraints alone, rows look the same with it and without it.
 */
export type Fate = 'made' | 'dropped' | 'emptied' | 'thinned' | 'reshaped' | 'keyed';

export interface Effect {
  readonly object: ObjectId;
  readonly fate: Fate;
}

const OF_KEYS = /^(?:(?:add|drop) (?:index|foreign key|check)|drop constraint|rename index|how to)$/;

/** PURE: of a statement of the log that is about the database; `isOurs` tells of a name's database whether it is that one. */
export function effectsOf(text: string, modes: LexicalModes, isOurs: (schema: string) => boolean): Effect[] {
  const { kind, verb, touches: all } = classify(text, modes);
  const touches = all.filter(({ schema }) => schema === undefined || isOurs(schema));
  if (kind === 'truncate') return touches.map(({ object }) => ({ object, fate: 'emptied' }));
  if (verb === 'ALTER TABLE' && all.length === 0)
    return [{ object: tableOf(text, modes), fate: takesPartition(text, modes) ? 'thinned' : 'reshaped' }];
  return touches.flatMap(({ action, object, to }): Effect[] => {
    if (action === 'create') return [{ object, fate: 'made' }];
    if (action === 'drop') return [{ object, fate: 'dropped' }];
    if (to) return [object, to].map((one) => ({ object: one, fate: 'reshaped' }));
    return [{ object, fate: fateOfAlter(text, verb, modes) }];
  });
}

function fateOfAlter(text: string, verb: string, modes: LexicalModes): Fate {
  if (/ INDEX$/.test(verb)) return 'keyed';
  if (verb !== 'ALTER TABLE') return 'reshaped';
  if (takesPartition(text, modes)) return 'thinned';
  return readAlterActions(text).every(({ type }) => OF_KEYS.test(type)) ? 'keyed' : 'reshaped';
}

/** `DROP PARTITION` and `TRUNCATE PARTITION`, as words of the statement itself. */
function takesPartition(text: string, modes: LexicalModes): boolean {
  const tokens = new Tokens(text, modes);
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (/^(?:DROP|TRUNCATE)$/.test(token.keyword) && tokens.keyword() === 'PARTITION') return true;
  }
  return false;
}

function tableOf(text: string, modes: LexicalModes): ObjectId {
  return `table:${enterAlter(new Tokens(text, modes))?.name ?? ''}`;
}

/** `DROP DATABASE`: all that is in it goes. */
export function dropsDatabase(text: string, modes: LexicalModes): boolean {
  return /^DROP (?:DATABASE|SCHEMA)$/.test(classify(text, modes).verb);
}

/** What brings an empty database back after it. */
export function makesDatabase(text: string, modes: LexicalModes): boolean {
  return /^CREATE (?:DATABASE|SCHEMA)$/.test(classify(text, modes).verb);
}
