import { dropIfExists } from '../migrations/sql/conditions.ts';
import { temporaryRanges } from '../migrations/temporary.ts';
import { authorsTransactions } from '../migrations/transactions.ts';
import type { Statement } from '../migrations/types.ts';
import { type Accounts, DONE_ALREADY } from './accounts/accounts.ts';
import type { JournalRow } from './row.ts';

/** A statement and its 1-based place in its section. */
export interface Numbered {
  readonly ordinal: number;
  readonly statement: Statement;
  /** Numbers of errors by which the server says that it is done already. */
  readonly doneAlready?: readonly number[];
  /** It is repeated: what the accounts were before it was sent for the first time. */
  readonly accounts?: Accounts | undefined;
}

/**
 * What is done once or not at all: one statement, or everything that the author wrote between START TRANSACTION
 * and COMMIT.
 */
export interface Unit {
  readonly statements: readonly Numbered[];
  /**
   * The author's own transaction ends in ROLLBACK, or in COMMIT; `implied`: it is ours, around the use of temporary tables;
   * undefined outside a transaction.
   */
  readonly transaction: 'commit' | 'rollback' | 'implied' | undefined;
}

/** Cuts a section into units. The parser has refused an unclosed transaction and DDL inside one. */
export function unitsOf(statements: readonly Statement[]): Unit[] {
  const all = statements.map((statement, index): Numbered => ({ ordinal: index + 1, statement }));
  const units: Unit[] = [];
  let next = 0;
  for (const { from, to, transaction } of transactionsOf(statements)) {
    units.push(...all.slice(next, from).map(alone), { statements: all.slice(from, to + 1), transaction });
    next = to + 1;
  }
  return [...units, ...all.slice(next).map(alone)];
}

function alone(numbered: Numbered): Unit {
  return { statements: [numbered], transaction: undefined };
}

/** The author's own and ours, in their order. None stands in another: what is used in the author's is a part of that. */
function transactionsOf(statements: readonly Statement[]) {
  const authors = authorsTransactions(statements).map((one) => ({
    ...one,
    transaction: statements[one.to]?.verb === 'ROLLBACK' ? ('rollback' as const) : ('commit' as const),
  }));
  const implied = temporaryRanges(statements).map((one) => ({ ...one, transaction: 'implied' as const }));
  return [...authors, ...implied].sort((one, other) => one.from - other.from);
}

/**
 * A statement that is repeated after a crash. A DROP of several tables may have dropped some of them (MariaDB drops
 * one after another), so the repetition takes those that are left.
 */
export function repeatable(unit: Unit, rows: readonly JournalRow[]): Unit {
  const statements = unit.statements.map((numbered) => {
    const { statement, ordinal } = numbered;
    const begun = rows.find((row) => row.ordinal === ordinal && row.state === 'intent');
    const dropsSeveral = statement.touches.length > 1 && statement.touches.every((touch) => touch.action === 'drop');
    const { accounts } = begun?.evidence ?? {};
    // Its file may have been edited since.
    if (begun?.digest === statement.digest && (begun.isGone || accounts)) {
      return { ...numbered, accounts, ...(begun.isGone ? { doneAlready: DONE_ALREADY } : {}) };
    }
    if (!begun || !dropsSeveral) return numbered;
    const text = dropIfExists(statement.text);
    return { ordinal, statement: { ...statement, text } };
  });
  return { ...unit, statements };
}
