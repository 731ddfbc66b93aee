import { type Assignment, assignmentsIn, isServerWide } from '../sql/assignments.ts';
import type { Tokens } from '../sql/tokens.ts';
import { type Classification, forbidden, plain } from './classification.ts';
import { READ_ONLY } from './forbidden.ts';

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
  const assignments = assignmentsIn(tokens);
  for (const assignment of assignments) {
    const reason = refuseAssignment(assignment);
    if (reason !== undefined) return forbidden(verb, reason);
  }
  const isOfServer = assignments.length > 0 && assignments.every(({ scope }) => isServerWide(scope));
  return plain(isOfServer ? 'admin' : 'session', verb);
}

const COMMITS = 'the tool decides when rows are committed: write BEGIN and COMMIT around statements instead';

/** What takes away from the session how the journal is written. */
function refuseAssignment({ scope, name, text, value }: Assignment): string | undefined {
  if (scope === 'other') return /\bREAD ONLY$/i.test(text) ? READ_ONLY : undefined;
  if (scope !== 'SESSION') return undefined;
  const is = (...words: readonly string[]) => value.length === 1 && words.includes(value[0] ?? '');
  switch (name.toLowerCase()) {
    case 'autocommit':
      return is('1', 'ON', 'TRUE') ? undefined : COMMITS;
    case 'completion_type':
      return is('0', 'NO_CHAIN', 'DEFAULT') ? undefined : COMMITS;
    case 'transaction_read_only':
    case 'tx_read_only':
      return is('0', 'OFF', 'FALSE', 'DEFAULT') ? undefined : READ_ONLY;
    default:
      return undefined;
  }
}
