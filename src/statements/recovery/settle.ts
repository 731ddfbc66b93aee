import type { Context } from '../../context.ts';
import { ExitCode, Failure } from '../../errors.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import { commitTogether, forgetIntent, noteOutcome } from '../journal.ts';
import { inTurn, type JournalRow, waitsFor } from '../row.ts';
import { decideDdl, type Verdict } from './evidence.ts';
import { readPresent } from './evidence-reader.ts';
import { type Expected, expectedAfter } from './expectation.ts';

interface Settling {
  readonly session: Session;
  readonly database: string;
  readonly rehearsed: readonly Expected[];
  readonly context: Context;
  /**
   * What did nothing is not run again: its intent is taken back once all are decided. It would be decided anew after a
   * crash, by what the way back has changed meanwhile.
   */
  readonly forgetsNotDone?: boolean;
}

/**
 * Decides every statement whose outcome was never heard, shows the evidence, and notes the verdict. Returns the rows
 * as they stand then. Throws with exit 4 when the evidence does not decide.
 */
export async function settleOpenStatements(
  rows: readonly JournalRow[],
  statementOf: (row: JournalRow) => Statement | undefined,
  on: Settling,
): Promise<JournalRow[]> {
  const settled: JournalRow[] = [];
  const notDone: JournalRow[] = [];
  for (const row of rows.toSorted(inTurn)) {
    if (row.kind === 'start' || (row.state !== 'intent' && row.state !== 'entered')) {
      settled.push(row);
      continue;
    }
    const before = notDone.find((one) => waitsFor(row, one));
    const verdict = afterNotDone(before, await decide(row, statementOf(row), on));
    if (verdict.is === 'not-done') notDone.push(row);
    reportVerdict(row, verdict, on.context);
    if (verdict.is === 'unknown') throw undecided(row, verdict);
    if (verdict.is === 'done') await commitTogether(on.session, [noteOutcome(row, { state: 'done' })]);
    settled.push(verdict.is === 'done' ? { ...row, state: 'done' } : row);
  }
  if (on.forgetsNotDone) await commitTogether(on.session, notDone.filter(isDecidedByEvidence).map(forgetIntent));
  return settled;
}

/** Of what stands in the schema. Of all else a second look tells the same, whatever has happened meanwhile. */
function isDecidedByEvidence({ kind }: JournalRow): boolean {
  return kind === 'ddl' || kind === 'truncate';
}

/** What stands there although an earlier statement did nothing is not the work of this run. */
function afterNotDone(notDone: JournalRow | undefined, verdict: Verdict): Verdict {
  if (!notDone || verdict.is !== 'done') return verdict;
  const earlier = `statement ${notDone.ordinal} of ${notDone.version}, which comes before it, did not take effect`;
  return { is: 'unknown', because: [...verdict.because, earlier] };
}

async function decide(
  row: JournalRow,
  statement: Statement | undefined,
  { session, database, rehearsed }: Settling,
): Promise<Verdict> {
  switch (row.kind) {
    case 'ddl':
    case 'truncate':
      if (!statement) return { is: 'unknown', because: ['the statement is no longer in the migration file'] };
      return decideDdl(
        statement,
        row.evidence,
        await readPresent(session, database, statement),
        expectedAfter(rehearsed, row),
      );
    case 'dml':
      return { is: 'not-done', because: ['its transaction was rolled back with the connection'] };
    case 'opaque':
      return row.state === 'entered'
        ? { is: 'unknown', because: ['it began, committed by itself, and then failed or was cut off'] }
        : { is: 'not-done', because: ['its transaction was rolled back with the connection'] };
    default:
      return { is: 'not-done', because: ['it has no lasting effect, or repeating it ends in the same state'] };
  }
}

function reportVerdict(row: JournalRow, verdict: Verdict, context: Context): void {
  context.report({
    type: 'check',
    group: 'recovery',
    name: `${row.version}.${row.ordinal} ${row.direction}`,
    ok: verdict.is !== 'unknown',
    level: 'error',
    detail: `${VERDICT_TEXT[verdict.is]}: ${verdict.because.join(', ') || 'nothing to look at'}`,
  });
}

const VERDICT_TEXT: Record<Verdict['is'], string> = {
  done: 'took effect',
  'not-done': 'did not take effect',
  'partly-dropped': 'took effect in part, the rest will be dropped',
  unknown: 'nobody can tell',
};

function undecided(row: JournalRow, verdict: Verdict): Failure {
  return new Failure(
    `cannot tell whether statement ${row.ordinal} of ${row.version} took effect: ${verdict.because.join(', ')}\n  ${row.statement}`,
    {
      exitCode: ExitCode.unknown,
      production: 'unknown',
      state:
        row.evidence.lane === undefined
          ? 'every statement before it is done, none after it has begun'
          : 'of the statements around it, which ran side by side, each is done or has not begun',
      next: 'gateway-migrate restore --backup latest',
    },
  );
}
