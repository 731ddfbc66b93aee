import { ExitCode, Failure } from '../errors.ts';
import { diffLines } from './line-diff.ts';
import { parseMigrationText } from './parse.ts';
import type { LexicalModes } from './sql/lexer.ts';
import type { Migration, Statement } from './types.ts';

/** A statement that the journal says is done: its 1-based place in the up section, and its digest. */
export interface AppliedStatement {
  readonly ordinal: number;
  readonly digest: string;
}

/** What was edited of the part that is in place already: lines as `diffLines` gives them; empty when nothing was. */
export function diffAppliedPart(
  migration: Migration,
  notedText: string | null,
  applied: readonly AppliedStatement[],
  modes?: LexicalModes,
): readonly string[] {
  if (applied.every(({ ordinal, digest }) => migration.up[ordinal - 1]?.digest === digest)) return [];
  const count = Math.max(...applied.map(({ ordinal }) => ordinal));
  if (notedText === null) return ['(its text was too large to keep)'];
  const noted = parseMigrationText(notedText, migration, modes).up;
  return diffLines(toText(noted.slice(0, count)), toText(migration.up.slice(0, count)));
}

/**
 * A migration cut off in the middle may be corrected where it has not been applied yet, and only there.
 * `notedText` is the file as it was when it was begun. Throws a `Failure` (exit 5) that shows the difference.
 */
export function checkAppliedPart(
  migration: Migration,
  notedText: string | null,
  applied: readonly AppliedStatement[],
  modes?: LexicalModes,
): void {
  const difference = diffAppliedPart(migration, notedText, applied, modes);
  if (difference.length === 0) return;
  throw new Failure(`${migration.baseName} was edited where it has been applied already:\n${difference.join('\n')}`, {
    exitCode: ExitCode.refused,
    production: 'unchanged',
    state: `nothing was started: production still has ${applied.length} of its ${migration.up.length} statements`,
    next: 'put the applied statements back as they were, then: gateway-migrate resume (or undo them: gateway-migrate rollback)',
  });
}

function toText(statements: readonly Statement[]): string {
  return statements.map(({ text }) => `${text};`).join('\n');
}
