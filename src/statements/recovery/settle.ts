import type { Context } from '../../context.ts';
import { ExitCode, Failure } from '../../errors.ts';
import { toStatement } from '../../migrations/sql/statement.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import { JOURNAL_TABLE } from '../../schema/types.ts';
import { accountDeed, isAboutAccounts, readAccounts } from '../accounts/accounts.ts';
import { type AccountVerdict, decideAccounts } from '../accounts/decide-accounts.ts';
import { commitTogether, forgetIntent, noteOutcome, SUPERSEDED } from '../journal.ts';
import { inTurn, type JournalRow, waitsFor } from '../row.ts';
import { unitsOf } from '../unit.ts';
import { decideDdl } from './evidence.ts';
import { readPresent } from './evidence-reader.ts';
import { type Expected, expectedAfter } from './expectation.ts';
import { calledFrom } from './places.ts';
import { addsToItself, mayHaveEnded } from './repetition.ts';
import { areSettingsAsNoted } from './settings.ts';
import { tryStatement } from './trial.ts';
import type { End, Verdict } from './verdict.ts';

interface Settling {
  readonly session: Session;
  readonly database: string;
  readonly rehearsed: readonly Expected[];
  /** A database of our own, where a statement that no rehearsal has seen is tried. */
  readonly scratch: string;
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
  statementOf: StatementOf,
  on: Settling,
): Promise<JournalRow[]> {
  const settled: JournalRow[] = [];
  const notDone: JournalRow[] = [];
  const toForget: JournalRow[] = [];
  for (const row of rows.toSorted(inTurn)) {
    if (row.kind === 'start' || (row.state !== 'intent' && row.state !== 'entered')) {
      settled.push(row);
      continue;
    }
    const before = notDone.find((one) => waitsFor(row, one));
    const verdict = afterNotDone(before, await decide(row, statementOf, on));
    if (verdict.is === 'not-done') notDone.push(row);
    if (verdict.is === 'not-done' && (isOfSchema(row) || verdict.isAsBefore)) toForget.push(row);
    reportVerdict(row, verdict, on.context);
    if (verdict.is === 'unknown') throw undecided(row, verdict, isOneOfSeveral(row, rows, statementOf));
    if (verdict.is === 'done') await commitTogether(on.session, [noteOutcome(row, { state: 'done' })]);
    const isGone = verdict.isGone ? { isGone: true as const } : {};
    settled.push(verdict.is === 'done' ? { ...row, state: 'done' } : { ...row, ...isGone });
  }
  if (on.forgetsNotDone) await commitTogether(on.session, toForget.map(forgetIntent));
  return settled;
}

/** It is decided by what stands in the schema. Of all else a second look tells the same, whatever has happened meanwhile. */
function isOfSchema({ kind }: JournalRow): boolean {
  return kind === 'ddl' || kind === 'truncate';
}

/** What stands there although an earlier statement did nothing is not the work of this run. */
function afterNotDone(notDone: JournalRow | undefined, verdict: AccountVerdict): AccountVerdict {
  if (!notDone || verdict.is !== 'done') return verdict;
  const earlier = `statement ${notDone.ordinal} of ${notDone.version}, which comes before it, did not take effect`;
  return { is: 'unknown', because: [...verdict.because, earlier] };
}

type StatementOf = (row: JournalRow) => Statement | undefined;

async function decide(row: JournalRow, statementOf: StatementOf, on: Settling): Promise<AccountVerdict> {
  const hasFailed = row.error !== null && !row.error.startsWith(SUPERSEDED);
  if (row.kind === 'opaque' && row.state === 'intent' && !hasFailed) {
    return { is: 'not-done', because: ['its transaction was rolled back with the connection'] };
  }
  const ofAccounts = statementOf(row) ?? toStatement(row.statement, 0);
  const deed = accountDeed(ofAccounts);
  // Repeating another ends in the same state; of one that was refused in the middle of a list a part may be done.
  if (deed !== undefined || (hasFailed && isAboutAccounts(ofAccounts.verb))) {
    return decideAccounts(deed, row.evidence.accounts, await readAccounts(on.session, ofAccounts), hasFailed);
  }
  switch (row.kind) {
    case 'ddl':
    case 'truncate': {
      const statement = statementOf(row);
      if (!statement) return { is: 'unknown', because: ['the statement is no longer in the migration file'] };
      return decideByEvidence(row, statement, statementOf, on);
    }
    case 'dml':
      return { is: 'not-done', because: ['its transaction was rolled back with the connection'] };
    case 'opaque':
      return { is: 'unknown', because: [whyEntered(row)] };
    default: {
      const statement = statementOf(row);
      if (statement && addsToItself(statement)) {
        if (await areSettingsAsNoted(row.evidence.settings ?? [], statement, on.session)) {
          return { is: 'not-done', because: ['the settings are as they were before'] };
        }
        return { is: 'unknown', because: ['it sets a value that it works out from the one before'] };
      }
      return { is: 'not-done', because: ['it has no lasting effect, or repeating it ends in the same state'] };
    }
  }
}

function whyEntered({ evidence: { ending } }: JournalRow): string {
  return ending === undefined
    ? 'it began, committed by itself, and then failed or was cut off'
    : `it began, and failed or was cut off, and ${ending}`;
}

/** What the statement leaves a rehearsal has seen, or the server is asked now. */
async function decideByEvidence(
  row: JournalRow,
  statement: Statement,
  statementOf: StatementOf,
  { session, database, rehearsed, scratch, context }: Settling,
): Promise<Verdict> {
  const now = await readPresent(session, database, statement);
  const decideBy = (end?: End) => decideDdl(calledFrom(statement, database), row.evidence, now, end);
  const seen = expectedAfter(rehearsed, row);
  const verdict = decideBy(seen && { digests: seen, seenBy: 'rehearsal' });
  if (verdict.is === 'not-done' && !now.digests.size && mayHaveEnded(statement)) {
    return {
      is: 'unknown',
      because: [...verdict.because, 'but it may have happened already, and an event that is over is gone'],
    };
  }
  if (verdict.is !== 'open') return verdict;
  const settings = settingsBefore(row, statementOf);
  const tried = await tryStatement(
    { statement, before: row.evidence, settings },
    { production: context.server, scratch },
  );
  if ('unable' in tried && statement.touches.every(({ object }) => object.startsWith('event:'))) {
    return { is: 'done', because: verdict.because };
  }
  if ('unable' in tried) return { is: 'unknown', because: [...verdict.because, tried.unable] };
  const verdicts = tried.map((digests) => decideBy({ digests, seenBy: 'trial' }));
  const end = verdicts.find(({ is }) => is === 'done') ?? verdicts[0] ?? verdict;
  return end.is === 'open' ? { is: 'unknown', because: end.because } : end;
}

/** SET NAMES, sql_mode and the like, which the connection of the statement had run. */
function settingsBefore(row: JournalRow, statementOf: StatementOf): Statement[] {
  const before = Array.from({ length: row.ordinal - 1 }, (_, index) => statementOf({ ...row, ordinal: index + 1 }));
  return before.filter((statement) => statement !== undefined).filter(isSetting);
}

function isSetting({ kind, verb, text }: Statement): boolean {
  return kind === 'session' && verb === 'SET' && !text.includes('@');
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

/** It stands in a transaction, of which all is run again. Those of a unit are noted together. */
function isOneOfSeveral(row: JournalRow, rows: readonly JournalRow[], statementOf: StatementOf): boolean {
  const mine = rows.filter(({ version, direction }) => version === row.version && direction === row.direction);
  const last = Math.max(...mine.map(({ ordinal }) => ordinal));
  const all = Array.from({ length: last }, (_, index) => statementOf({ ...row, ordinal: index + 1 }));
  if (all.includes(undefined)) return false;
  const unit = unitsOf(all as Statement[]).find((one) => one.statements.some(({ ordinal }) => ordinal === row.ordinal));
  return unit?.transaction !== undefined;
}

/** Both are possible; a person who knows which makes it so, and the next look decides. */
function undecided(row: JournalRow, verdict: Verdict, isOneOfMany: boolean): Failure {
  const objects = Object.keys(row.evidence.objects).map((id) => id.replace(':', ' '));
  const around =
    row.evidence.lane === undefined
      ? 'every statement before it is done, none after it has begun'
      : 'of the statements around it, which ran side by side, each is done or has not begun';
  const isSeen = isOfSchema(row) && objects.length > 0;
  const both = isSeen
    ? `either it took effect and somebody changed ${objects.join(', ')} since, or it never ran and somebody else did that`
    : 'either it did all or a part of what it does, or nothing';
  const byPerson = isSeen
    ? 'make it by hand as the statement leaves it, or as it was before'
    : noteByHand(row, isOneOfMany);
  return new Failure(
    `cannot tell whether statement ${row.ordinal} of ${row.version} took effect: ${verdict.because.join(', ')}\n  ${row.statement}`,
    {
      exitCode: ExitCode.unknown,
      production: 'unknown',
      state: `${around}; ${both}`,
      next: `${byPerson}; then: gateway-migrate resume; or: gateway-migrate restore --backup latest`,
    },
  );
}

/** No look at the schema decides it: a person sees what it did, and says so where the next look finds it. */
function noteByHand({ run, version, direction, ordinal }: JournalRow, isOneOfMany: boolean): string {
  const key = `run = '${run}' AND version = '${version}' AND direction = '${direction}' AND ordinal = ${ordinal}`;
  const failed = `UPDATE ${JOURNAL_TABLE} SET state = 'failed' WHERE ${key}`;
  if (isOneOfMany)
    return `see what it did outside its transaction, which is run again; undo that by hand and note it: ${failed}`;
  return `see what it did; complete it by hand and note that: UPDATE ${JOURNAL_TABLE} SET state = 'done' WHERE ${key}; or undo it by hand and note that with 'failed' in place of 'done'`;
}
