import type { SyntaxProblem } from './sql/split.ts';
import type { Statement } from './types.ts';

/** Statements of kind `admin` that do not commit an open transaction (MySQL Reference Manual, "Implicit Commit"). */
const LEAVE_IT_OPEN = ['SELECT', 'SHOW', 'EXPLAIN', 'DESCRIBE', 'DESC', 'TABLE', 'VALUES', 'SET', 'HELP', 'SIGNAL'];

/**
 * An author's transaction is applied as one: it must be closed in its section, and hold nothing that commits by
 * itself, or a crash would leave a part of it behind.
 */
export function findTransactionProblems(statements: readonly Statement[]): SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  let begun: Statement | undefined;
  for (const statement of statements) {
    const { line, verb } = statement;
    if (isOpening(statement)) {
      if (begun) problems.push(commitsItself(statement, begun));
      begun = statement;
    } else if (isClosing(statement)) {
      if (!begun) problems.push({ line, what: `${verb} without a transaction`, remedy: 'remove it, or write BEGIN' });
      begun = undefined;
    } else if (begun && commits(statement)) {
      problems.push(commitsItself(statement, begun));
    }
  }
  if (begun) {
    problems.push({ line: begun.line, what: `${begun.verb} is never closed`, remedy: 'write COMMIT' });
  }
  return problems;
}

/** From its opening to its closing statement; places are 0-based. One that is never closed goes to the end. */
export interface AuthorsTransaction {
  readonly from: number;
  readonly to: number;
}

export function authorsTransactions(statements: readonly Statement[]): AuthorsTransaction[] {
  const found: AuthorsTransaction[] = [];
  let from: number | undefined;
  for (const [index, statement] of statements.entries()) {
    if (isOpening(statement)) from ??= index;
    else if (from !== undefined && isClosing(statement)) {
      found.push({ from, to: index });
      from = undefined;
    }
  }
  return from === undefined ? found : [...found, { from, to: statements.length }];
}

function isOpening({ kind, verb }: Statement): boolean {
  return kind === 'transaction' && (verb === 'BEGIN' || verb === 'START TRANSACTION');
}

function isClosing({ kind, verb }: Statement): boolean {
  return kind === 'transaction' && (verb === 'COMMIT' || verb === 'ROLLBACK');
}

function commits({ kind, verb }: Statement): boolean {
  return (
    kind === 'ddl' ||
    kind === 'truncate' ||
    (kind === 'admin' && !LEAVE_IT_OPEN.includes(verb)) ||
    (kind === 'opaque' && /^(?:CREATE|ALTER|DROP|RENAME|INSTALL|UNINSTALL|IMPORT)\b/.test(verb))
  );
}

function commitsItself(statement: Statement, begun: Statement): SyntaxProblem {
  return {
    line: statement.line,
    what: `${statement.verb} commits the transaction that ${begun.verb} opened on line ${begun.line}`,
    remedy: 'close the transaction before it, or move it out',
  };
}
