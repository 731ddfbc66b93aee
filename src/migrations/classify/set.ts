import type { Tokens } from '../sql/tokens.ts';
import { type Classification, forbidden, plain } from './classification.ts';

const SERVER_WIDE = ['GLOBAL', 'PERSIST', 'PERSIST_ONLY'];

/**
 * The tokens stand behind SET. One that sets anything for the session is replayed on resume, else it is repeated.
 * `classifyRest` reads the statement inside MariaDB's `SET STATEMENT variable=value FOR statement`.
 */
export function classifySet(
  tokens: Tokens,
  verb: string,
  classifyRest: (tokens: Tokens) => Classification,
): Classification {
  if (tokens.take('STATEMENT'))
    return tokens.seek('FOR') && tokens.next() ? classifyRest(tokens) : plain('opaque', verb);
  if (tokens.keyword() === 'PASSWORD') return plain('admin', 'SET PASSWORD');
  if (tokens.take('DEFAULT', 'ROLE')) return plain('admin', 'SET DEFAULT ROLE');
  let isServerWide = true;
  do {
    const assignment = readAssignment(tokens);
    if (assignment.turnsAutocommitOff) {
      return forbidden(
        verb,
        'the tool decides when rows are committed: write BEGIN and COMMIT around statements instead',
      );
    }
    isServerWide &&= assignment.isServerWide;
  } while (tokens.seek(',') && tokens.next());
  return plain(isServerWide ? 'admin' : 'session', verb);
}

function readAssignment(tokens: Tokens): { isServerWide: boolean; turnsAutocommitOff: boolean } {
  const isSystemVariable = tokens.take('@', '@');
  const scope = tokens.keyword();
  const isServerWide = SERVER_WIDE.includes(scope);
  if (isServerWide || scope === 'SESSION' || scope === 'LOCAL') {
    tokens.next();
    if (isSystemVariable) tokens.take('.');
  }
  if (!isServerWide && /^`?autocommit`?$/i.test(tokens.peek()?.text ?? '')) {
    tokens.next();
    tokens.skip(':', '=');
    return { isServerWide, turnsAutocommitOff: !['1', 'ON', 'TRUE'].includes(tokens.keyword()) };
  }
  return { isServerWide, turnsAutocommitOff: false };
}
