import type { ObjectKind } from '../../schema/types.ts';
import type { Tokens } from '../sql/tokens.ts';
import { type Classification, ddl, forbidden, plain, touch } from './classification.ts';
import { DATABASE_REASON } from './forbidden.ts';
import { skipModifiers } from './head.ts';

const SCHEMA_OBJECTS: ReadonlyMap<string, ObjectKind> = new Map([
  ['TABLE', 'table'],
  ['VIEW', 'view'],
  ['TRIGGER', 'trigger'],
  ['PROCEDURE', 'procedure'],
  ['FUNCTION', 'function'],
  ['EVENT', 'event'],
  ['SEQUENCE', 'sequence'],
]);
const OTHER_OBJECTS = [
  'INDEX',
  'DATABASE',
  'SCHEMA',
  'USER',
  'ROLE',
  'SERVER',
  'TABLESPACE',
  'LOGFILE',
  'RESOURCE',
  'REFERENCE',
  'PACKAGE',
  'LIBRARY',
];

/** The tokens stand behind CREATE. */
export function classifyCreate(tokens: Tokens): Classification {
  const isReplace = tokens.take('OR', 'REPLACE');
  if (tokens.keyword() === 'TEMPORARY') return plain('session', 'CREATE TEMPORARY TABLE');
  skipModifiers(tokens);
  const word = tokens.keyword();
  if (!SCHEMA_OBJECTS.has(word) && !OTHER_OBJECTS.includes(word)) return plain('opaque', 'CREATE');
  const verb = `CREATE ${word}`;
  tokens.next();
  const isConditional = tokens.take('IF', 'NOT', 'EXISTS') || isReplace;
  const kind = SCHEMA_OBJECTS.get(word);
  if (kind) return classifyCreateObject(tokens, verb, kind, isConditional);
  if (word === 'INDEX') return classifyCreateIndex(tokens, isConditional);
  if (word === 'DATABASE' || word === 'SCHEMA') return forbidden(verb, DATABASE_REASON);
  // Repeated, it would fail on what it made itself, unless a condition allows for that.
  return plain(isConditional && word !== 'PACKAGE' ? 'admin' : 'opaque', verb);
}

function classifyCreateObject(tokens: Tokens, verb: string, kind: ObjectKind, isConditional: boolean): Classification {
  const name = tokens.name();
  if (!name) return plain('opaque', verb);
  // A loadable function belongs to the server, not to the database.
  if (kind === 'function' && tokens.keyword() === 'RETURNS' && tokens.keyword(2) === 'SONAME') {
    return plain('opaque', verb);
  }
  return ddl(verb, [touch('create', kind, name, { isConditional })]);
}

function classifyCreateIndex(tokens: Tokens, isConditional: boolean): Classification {
  const verb = 'CREATE INDEX';
  if (!tokens.seek('ON')) return plain('opaque', verb);
  tokens.next();
  const table = tokens.name();
  return table ? ddl(verb, [touch('alter', 'table', table, { isConditional })]) : plain('opaque', verb);
}
