import type { ObjectKind } from '../../schema/types.ts';
import type { QualifiedName, Tokens } from '../sql/tokens.ts';
import { type Classification, ddl, plain, touch } from './classification.ts';
import { skipModifiers } from './head.ts';

const SCHEMA_OBJECTS: ReadonlyMap<string, ObjectKind> = new Map([
  ['TABLE', 'table'],
  ['VIEW', 'view'],
  ['PROCEDURE', 'procedure'],
  ['FUNCTION', 'function'],
  ['EVENT', 'event'],
  ['SEQUENCE', 'sequence'],
]);
const REPEATABLE = ['USER', 'ROLE', 'DATABASE', 'SCHEMA', 'SERVER', 'INSTANCE', 'RESOURCE'];
/** Move or remove rows without a trace in the definition, so no evidence could decide them. */
const MOVES_ROWS = ['EXCHANGE', 'DISCARD', 'IMPORT', 'TRUNCATE', 'CONVERT'];

/** The tokens stand behind ALTER. */
export function classifyAlter(tokens: Tokens): Classification {
  skipModifiers(tokens);
  const word = tokens.next()?.keyword ?? '';
  if (!SCHEMA_OBJECTS.has(word) && !REPEATABLE.includes(word)) return plain('opaque', 'ALTER');
  const verb = `ALTER ${word}`;
  const kind = SCHEMA_OBJECTS.get(word);
  if (!kind) return plain('admin', verb);
  const isConditional = tokens.take('IF', 'EXISTS');
  const name = tokens.name();
  if (!name) return plain('opaque', verb);
  if (kind === 'table') return classifyAlterTable(tokens, name, isConditional);
  const to = kind === 'event' ? renamedTo(tokens) : undefined;
  return ddl(verb, [touch(to ? 'rename' : 'alter', kind, name, { to, isConditional })]);
}

/** Altered and renamed in one statement counts as renamed: the statement is atomic, and the new name is the evidence. */
function classifyAlterTable(tokens: Tokens, table: QualifiedName, isConditional: boolean): Classification {
  const verb = 'ALTER TABLE';
  let to: QualifiedName | undefined;
  if (tokens.take('WAIT')) tokens.next();
  tokens.take('NOWAIT');
  for (let isSpecification = true; tokens.peek(); isSpecification = tokens.seek(',') && Boolean(tokens.next())) {
    if (!isSpecification) break;
    if (MOVES_ROWS.includes(tokens.keyword()) && isRowMove(tokens)) {
      return { ...plain('opaque', verb), writes: [table.schema ? `${table.schema}.${table.name}` : table.name] };
    }
    if (tokens.take('RENAME')) to = newName(tokens) ?? to;
  }
  return ddl(verb, [touch(to ? 'rename' : 'alter', 'table', table, { to, isConditional })]);
}

/** MySQL: CONVERT TO CHARACTER SET is a change of definition; MariaDB: CONVERT TABLE and CONVERT PARTITION move rows. */
function isRowMove(tokens: Tokens): boolean {
  return tokens.keyword() !== 'CONVERT' || tokens.keyword(1) !== 'TO';
}

function newName(tokens: Tokens): QualifiedName | undefined {
  if (['COLUMN', 'INDEX', 'KEY'].includes(tokens.keyword())) return undefined;
  if (!tokens.take('TO') && !tokens.take('AS')) tokens.take('=');
  return tokens.name();
}

function renamedTo(tokens: Tokens): QualifiedName | undefined {
  while (tokens.seek('RENAME', 'DO')) {
    if (tokens.keyword() === 'DO') return undefined;
    if (tokens.take('RENAME', 'TO')) return tokens.name();
    tokens.next();
  }
  return undefined;
}
