import type { ObjectKind } from '../../schema/types.ts';
import type { QualifiedName, Tokens } from '../sql/tokens.ts';
import type { Touch } from '../types.ts';
import { type Classification, ddl, forbidden, plain, touch, writtenName } from './classification.ts';
import { DATABASE_REASON } from './forbidden.ts';

const SCHEMA_OBJECTS: ReadonlyMap<string, ObjectKind> = new Map([
  ['TABLE', 'table'],
  ['TABLES', 'table'],
  ['VIEW', 'view'],
  ['TRIGGER', 'trigger'],
  ['PROCEDURE', 'procedure'],
  ['FUNCTION', 'function'],
  ['EVENT', 'event'],
  ['SEQUENCE', 'sequence'],
]);

/** The tokens stand behind DROP. */
export function classifyDrop(tokens: Tokens): Classification {
  tokens.skip('ONLINE', 'OFFLINE');
  const word = tokens.next()?.keyword ?? '';
  if (word === 'TEMPORARY') return plain('session', 'DROP TEMPORARY TABLE');
  if (word === 'PREPARE') return plain('session', 'DROP PREPARE');
  const verb = `DROP ${word === 'TABLES' ? 'TABLE' : word}`;
  if (word === 'DATABASE' || word === 'SCHEMA') return forbidden(verb, DATABASE_REASON);
  const isConditional = tokens.take('IF', 'EXISTS');
  if (word === 'INDEX') return classifyDropIndex(tokens, isConditional);
  const kind = SCHEMA_OBJECTS.get(word);
  if (!kind) return plain(isConditional && word !== 'PACKAGE' ? 'admin' : 'opaque', verb);
  const names = nameList(tokens);
  return names.length === 0
    ? plain('opaque', verb)
    : ddl(
        verb,
        names.map((name) => touch('drop', kind, name, { isConditional })),
      );
}

function classifyDropIndex(tokens: Tokens, isConditional: boolean): Classification {
  tokens.name();
  const table = tokens.take('ON') ? tokens.name() : undefined;
  return table ? ddl('DROP INDEX', [touch('alter', 'table', table, { isConditional })]) : plain('opaque', 'DROP INDEX');
}

function nameList(tokens: Tokens): QualifiedName[] {
  const names: QualifiedName[] = [];
  do {
    const name = tokens.name();
    if (name) names.push(name);
  } while (tokens.take(','));
  return names;
}

/** The tokens stand behind RENAME. */
export function classifyRename(tokens: Tokens): Classification {
  if (!tokens.take('TABLE') && !tokens.take('TABLES')) return plain('opaque', `RENAME ${tokens.keyword()}`.trim());
  const isConditional = tokens.take('IF', 'EXISTS');
  const touches: Touch[] = [];
  do {
    const from = tokens.name();
    // MariaDB lets a limit stand between the names: RENAME TABLE a WAIT 5 TO b.
    const to = tokens.seek('TO', ',') && tokens.take('TO') ? tokens.name() : undefined;
    if (!from || !to) return plain('opaque', 'RENAME TABLE');
    touches.push(touch('rename', 'table', from, { to, isConditional }));
  } while (tokens.take(','));
  return ddl('RENAME TABLE', touches);
}

/** The tokens stand behind TRUNCATE. */
export function classifyTruncate(tokens: Tokens): Classification {
  tokens.take('TABLE');
  const table = tokens.name();
  if (!table) return plain('opaque', 'TRUNCATE TABLE');
  return {
    kind: 'truncate',
    verb: 'TRUNCATE TABLE',
    touches: [touch('alter', 'table', table)],
    writes: [writtenName(table)],
  };
}
