import { type TemporaryRange, temporaryRanges } from '../migrations/temporary.ts';
import type { Statement } from '../migrations/types.ts';
import type { JournalRow } from './row.ts';

/** A statement and its 1-based place in its section. */
export interface Numbered {
  readonly ordinal: number;
  readonly statement: Statement;
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

const OPENS = /^(START\s+TRANSACTION|BEGIN)\b/i;
const CLOSES = /^(COMMIT|ROLLBACK)\b(?!\s+(WORK\s+)?TO\b)/i;

/** Cuts a section into units. The parser has refused an unclosed transaction and DDL inside one. */
export function unitsOf(statements: readonly Statement[]): Unit[] {
  const units: Unit[] = [];
  let open: Numbered[] | undefined;
  const [ranges, used]: [TemporaryRange[], Numbered[]] = [temporaryRanges(statements), []];
  for (const [index, statement] of statements.entries()) {
    const numbered = { ordinal: index + 1, statement };
    const range = ranges.find(({ from, to }) => from <= index && index <= to);
    if (range) {
      used.push(numbered);
      if (range.to === index) units.push({ statements: used.splice(0), transaction: 'implied' });
    } else if (open) {
      open.push(numbered);
      const closing = statement.kind === 'transaction' ? CLOSES.exec(statement.verb) : null;
      if (!closing) continue;
      units.push({ statements: open, transaction: /^COMMIT/i.test(statement.verb) ? 'commit' : 'rollback' });
      open = undefined;
    } else if (statement.kind === 'transaction' && OPENS.test(statement.verb)) {
      open = [numbered];
    } else {
      units.push({ statements: [numbered], transaction: undefined });
    }
  }
  if (open) units.push({ statements: open, transaction: 'commit' });
  return units;
}

/**
 * A statement that is repeated after a crash. A DROP of several tables may have dropped some of them (MariaDB drops
 * one after another), so the repetition takes those that are left.
 */
export function repeatable(unit: Unit, rows: readonly JournalRow[]): Unit {
  const statements = unit.statements.map((numbered) => {
    const { statement, ordinal } = numbered;
    const wasBegun = rows.some((row) => row.ordinal === ordinal && row.state === 'intent');
    const dropsSeveral = statement.touches.length > 1 && statement.touches.every((touch) => touch.action === 'drop');
    if (!wasBegun || !dropsSeveral) return numbered;
    const text = statement.text.replace(/\bDROP\s+(TABLES?|VIEWS?)\s+(?!IF\b)/i, 'DROP $1 IF EXISTS ');
    return { ordinal, statement: { ...statement, text } };
  });
  return { ...unit, statements };
}
