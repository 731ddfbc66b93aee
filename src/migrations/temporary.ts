import { foldName } from '../mysql/name.ts';
import { DEFAULT_MODES } from './sql/lexer.ts';
import type { SyntaxProblem } from './sql/split.ts';
import { Tokens } from './sql/tokens.ts';
import { authorsTransactions } from './transactions.ts';
import type { Statement, StatementKind } from './types.ts';

/** Allows, by `-- migrate:allow`, what cannot be repeated exactly when a run is cut off there. */
export const TEMPORARY_TABLE = 'temporary-table';

/** The statements between the making of temporary tables and their last use; places are 0-based. */
export interface TemporaryRange {
  readonly from: number;
  readonly to: number;
}

/** As `touches` and `writes` name it. Undefined when the statement makes none. */
export function temporaryName({ verb, text, foldsNames }: Statement): string | undefined {
  if (verb !== 'CREATE TEMPORARY TABLE') return undefined;
  // In double quotes it is a name or a mistake, whatever the sql_mode.
  const tokens = new Tokens(text, { ...DEFAULT_MODES, ansiQuotes: true });
  tokens.skip('CREATE', 'OR', 'REPLACE', 'TEMPORARY', 'TABLE', 'IF', 'NOT', 'EXISTS');
  const name = tokens.name()?.name;
  return foldsNames && name !== undefined ? foldName(name) : name;
}

/**
 * What is done in one transaction, so that a run that is cut off begins anew where the table was made: making and dropping a
 * temporary table does not end a transaction (MySQL Reference Manual, "Statements That Cause an Implicit Commit").
 */
export function temporaryRanges(statements: readonly Statement[]): TemporaryRange[] {
  return rangesOf(statements).filter((range) => breakerOf(statements, range) === undefined);
}

/** What stands in the way of that. */
export function findTemporaryProblems(statements: readonly Statement[]): SyntaxProblem[] {
  return rangesOf(statements).flatMap((range) => {
    const breaker = breakerOf(statements, range);
    if (!breaker) return [];
    const begun = statements[range.from] as Statement;
    return [
      {
        line: breaker.line,
        what: `${breaker.verb} ends the transaction in which the temporary table of line ${begun.line} is used: a run that is cut off could not go on exactly`,
        remedy: `move it before or behind, use an ordinary table, or take the risk: -- migrate:allow ${TEMPORARY_TABLE} REASON`,
      },
    ];
  });
}

/** What the author's own transaction holds is done once or not at all by that. */
function rangesOf(statements: readonly Statement[]): TemporaryRange[] {
  const authors = authorsTransactions(statements);
  return allRanges(statements).filter((one) => !authors.some(({ from, to }) => from < one.from && one.to < to));
}

function allRanges(statements: readonly Statement[]): TemporaryRange[] {
  const ranges: TemporaryRange[] = [];
  for (let from = 0; from < statements.length; from++) {
    if (temporaryName(statements[from] as Statement) === undefined) continue;
    let to = from;
    // A second one that is made in between goes on as long as that is used.
    for (let at = from; at <= to; at++) to = Math.max(to, lastUse(statements, at));
    ranges.push({ from, to });
    from = to;
  }
  return ranges;
}

function lastUse(statements: readonly Statement[], at: number): number {
  const name = temporaryName(statements[at] as Statement);
  if (name === undefined) return at;
  const mention = new RegExp(`(?<![\\w$])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w$])`, 'i');
  const isLetGo = ({ verb, text }: Statement) => verb === 'DROP TEMPORARY TABLE' && mention.test(text);
  const end = statements.findIndex((one, place) => place > at && isLetGo(one));
  // A program, or a text that was prepared, may use it without saying so here.
  const isUse = ({ verb, text }: Statement, place: number) =>
    mention.test(text) || (/^(?:CALL|EXECUTE)\b/.test(verb) && place > at && (end < 0 || place < end));
  return statements.findLastIndex(isUse);
}

const KEEP_IT_OPEN: Partial<Record<StatementKind, readonly string[]>> = {
  admin: ['SELECT', 'SHOW', 'EXPLAIN', 'DESCRIBE', 'DESC', 'TABLE', 'VALUES'],
  transaction: ['SAVEPOINT', 'ROLLBACK TO', 'RELEASE'],
};

function breakerOf(statements: readonly Statement[], { from, to }: TemporaryRange): Statement | undefined {
  return statements
    .slice(from, to + 1)
    .find(({ kind, verb }) => kind !== 'dml' && kind !== 'session' && !KEEP_IT_OPEN[kind]?.includes(verb));
}
