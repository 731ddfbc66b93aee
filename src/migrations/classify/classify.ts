import { DEFAULT_MODES, type LexicalModes } from '../sql/lexer.ts';
import { Tokens } from '../sql/tokens.ts';
import { classifyAlter } from './alter.ts';
import { type Classification, forbidden, plain } from './classification.ts';
import { classifyCreate } from './create.ts';
import { classifyDrop, classifyRename, classifyTruncate } from './drop.ts';
import { FORBIDDEN_WORDS, GIVES_UP_LOCKS, READ_ONLY, REPLICATION, refuseTransactionForm } from './forbidden.ts';
import { classifyDelete, classifyInsert, classifyLoad, classifySelect, classifyUpdate, classifyWith } from './rows.ts';
import { classifySet } from './set.ts';

type Reader = (tokens: Tokens, verb: string) => Classification;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['CREATE', classifyCreate],
  ['ALTER', classifyAlter],
  ['DROP', classifyDrop],
  ['RENAME', classifyRename],
  ['TRUNCATE', classifyTruncate],
  ['INSERT', classifyInsert],
  ['REPLACE', classifyInsert],
  ['UPDATE', classifyUpdate],
  ['DELETE', classifyDelete],
  ['WITH', classifyWith],
  ['SELECT', classifySelect],
  ['(', classifySelect],
  ['TABLE', classifySelect],
  ['VALUES', classifySelect],
  ['LOAD', classifyLoad],
  ['SET', (tokens, verb) => classifySet(tokens, verb, classifyTokens)],
  ['ANALYZE', classifyAnalyze],
  ['FLUSH', classifyFlush],
  ['BEGIN', classifyBegin],
  ['START', classifyStart],
  ['COMMIT', classifyTransactionEnd],
  ['ROLLBACK', classifyTransactionEnd],
  ...keywords('transaction', 'SAVEPOINT RELEASE'),
  ...keywords('session', 'PREPARE DEALLOCATE HANDLER GET'),
  ...keywords('admin', 'GRANT REVOKE OPTIMIZE REPAIR CHECK CHECKSUM CACHE SHOW EXPLAIN DESCRIBE DESC HELP SIGNAL'),
]);

function keywords(kind: 'session' | 'admin' | 'transaction', words: string): [string, Reader][] {
  return words.split(' ').map((word) => [word, (_tokens, verb) => plain(kind, verb)]);
}

/** What a statement does to the server: see `StatementKind`. What is not known is `opaque`. Never throws. */
export function classify(text: string, modes: LexicalModes = DEFAULT_MODES): Classification {
  const found = classifyTokens(new Tokens(text, modes));
  return /RELEASE_ALL_LOCKS/i.test(text) && !isOfProgram(found) && givesUpLocks(new Tokens(text, modes))
    ? forbidden(found.verb, GIVES_UP_LOCKS)
    : found;
}

function givesUpLocks(tokens: Tokens): boolean {
  for (let token = tokens.next(); token; token = tokens.next()) if (token.keyword === 'RELEASE_ALL_LOCKS') return true;
  return false;
}

/** What stands in a stored program is not run by the statement that makes it. */
function isOfProgram({ touches }: Classification): boolean {
  return touches.some(({ object }) => /^(?:procedure|function|trigger|event|package|package body):/.test(object));
}

function classifyTokens(tokens: Tokens): Classification {
  const verb = tokens.keyword();
  const reason = FORBIDDEN_WORDS.get(verb);
  if (reason !== undefined) return forbidden(verb, reason);
  const read = READERS.get(verb);
  if (!read) return plain('opaque', verb || 'STATEMENT');
  tokens.next();
  return read(tokens, verb === '(' ? 'SELECT' : verb);
}

/** MariaDB's `ANALYZE UPDATE …` runs the statement that it explains; `ANALYZE TABLE` gathers statistics. */
function classifyAnalyze(tokens: Tokens, verb: string): Classification {
  if (tokens.take('FORMAT', '=')) tokens.next();
  const isOfStatement = ['SELECT', 'UPDATE', 'DELETE', 'INSERT', 'REPLACE', 'WITH'].includes(tokens.keyword());
  return isOfStatement ? classifyTokens(tokens) : plain('admin', verb);
}

function classifyFlush(tokens: Tokens, verb: string): Classification {
  tokens.skip('LOCAL', 'NO_WRITE_TO_BINLOG');
  if ((tokens.take('TABLES') || tokens.take('TABLE')) && locksTables(tokens)) {
    return forbidden(
      'FLUSH TABLES',
      'it holds a lock that ends with the connection, and would block the deploy itself',
    );
  }
  return plain('admin', verb);
}

/** A table may be called `export`, so its name is read before what follows it. */
function locksTables(tokens: Tokens): boolean {
  if (tokens.keyword() !== 'WITH' && tokens.keyword() !== 'FOR') {
    do tokens.name();
    while (tokens.take(','));
  }
  return tokens.take('WITH', 'READ', 'LOCK') || tokens.take('FOR', 'EXPORT');
}

function classifyBegin(tokens: Tokens, verb: string): Classification {
  return tokens.keyword() === 'NOT' ? plain('opaque', 'BEGIN NOT ATOMIC') : plain('transaction', verb);
}

function classifyStart(tokens: Tokens): Classification {
  if (tokens.keyword() === 'TRANSACTION') {
    return tokens.seek('ONLY')
      ? forbidden('START TRANSACTION READ ONLY', READ_ONLY)
      : plain('transaction', 'START TRANSACTION');
  }
  return forbidden(`START ${tokens.keyword()}`.trim(), REPLICATION);
}

function classifyTransactionEnd(tokens: Tokens, verb: string): Classification {
  tokens.skip('WORK');
  if (tokens.keyword() === 'TO') return plain('transaction', `${verb} TO`);
  const reason = refuseTransactionForm(tokens);
  return reason === undefined ? plain('transaction', verb) : forbidden(verb, reason);
}
