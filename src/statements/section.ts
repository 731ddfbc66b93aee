import type { Context } from '../context.ts';
import { Interrupted } from '../errors.ts';
import type { Statement } from '../migrations/types.ts';
import type { StatementResult } from '../mysql/connect.ts';
import { keyOf, noteIntents, takeBackAhead } from './intents.ts';
import { commitTogether, noteMarked, noteOutcome, seesMark } from './journal.ts';
import { readEndings } from './outcome/ending-reader.ts';
import { StatementFailed } from './outcome/failed.ts';
import { noteFailure } from './outcome/note-failure.ts';
import { outcomeOf } from './outcome/outcome-of.ts';
import { withPatience } from './patience.ts';
import { isReading, type LookedAt, lookedAt } from './session-state.ts';
import type { Section } from './turn.ts';
import type { Numbered, Unit } from './unit.ts';
import { commitDeferred, keepConnectionLock, type Workbench } from './workbench.ts';
import { sqlOf, type Write } from './write.ts';

/**
 * Runs a section, each unit exactly once. At most one durable write a statement: the outcome of statement k commits
 * together with the intent of k+1, and where statements only make something new, with the intents of several. The outcome
 * of the last one stays deferred until the next section (the first of `later`) or `commitDeferred`.
 */
export async function runSection(
  section: Section,
  bench: Workbench,
  context: Context,
  later: readonly Section[] = [],
): Promise<void> {
  const looked = lookedAt(section.all);
  const startedMs = context.clock.ticksMs();
  const closing = () => section.closing(context.clock.ticksMs() - startedMs);
  if (section.units.length === 0) {
    bench.deferred.push(...section.opening, ...closing());
    return;
  }
  for (const [index, unit] of section.units.entries()) {
    if (context.signal.aborted) await stopBefore(bench, context.signal.reason);
    await noteIntents({ section, index, later }, bench);
    const isLast = index === section.units.length - 1;
    await runUnit(section, unit, { closing: isLast ? closing : () => [], looked }, bench, context);
  }
}

async function stopBefore(bench: Workbench, reason: unknown): Promise<never> {
  await commitDeferred(bench, takeBackAhead(bench)).catch(() => undefined);
  throw reason;
}

/** What follows the last unit of a section. */
export interface UnitEnd {
  closing(): readonly Write[];
  readonly looked: LookedAt;
}

/** Runs one unit whose intents are noted. `end` is what its section writes behind it. */
export async function runUnit(
  section: Section,
  unit: Unit,
  end: UnitEnd,
  bench: Workbench,
  context: Context,
): Promise<void> {
  const [first] = unit.statements;
  try {
    if (opensOrCommits(unit) || (unit.transaction === undefined && first && mayWriteRows(first.statement))) {
      await runInTransaction(section, unit, end, bench, context);
    } else {
      await runPlainly(section, unit, end, bench, context);
    }
  } finally {
    for (const { statement } of unit.statements) bench.evidence.forget(statement);
  }
}

function opensOrCommits({ transaction }: Unit): boolean {
  return transaction === 'commit' || transaction === 'implied';
}

/** A query or an assignment may call a stored function that writes. */
function mayWriteRows(statement: Statement): boolean {
  return statement.kind === 'dml' || statement.kind === 'opaque' || isReading(statement);
}

/** DDL and whatever needs no transaction: the outcome waits for the next commit, evidence covers the gap. */
async function runPlainly(section: Section, unit: Unit, end: UnitEnd, bench: Workbench, context: Context) {
  for (const numbered of unit.statements) {
    const isInRollback = unit.transaction !== undefined && numbered.statement.kind === 'opaque';
    const mark = isInRollback ? () => enter(section, numbered, bench) : undefined;
    const actsOutside = isInRollback && (await enterAhead(section, numbered, unit, bench));
    const how = { isInGroup: unit.transaction !== undefined, actsOutside };
    const result = await runStatement(section, numbered, bench, context, how, mark);
    if (isInRollback) await requireStillOpen(section, numbered, bench);
    const outcome = await outcomeOf(result, numbered.statement, end.looked, bench.work);
    bench.deferred.push(noteOutcome(keyOf(section, numbered.ordinal), outcome));
  }
  bench.deferred.push(...end.closing());
}

/**
 * DML is exactly-once by construction: its outcome row is in the transaction that does the work. An opaque statement
 * first writes an `entered` mark there; if it commits by itself, the mark survives a crash or a failure and tells so.
 */
async function runInTransaction(section: Section, unit: Unit, end: UnitEnd, bench: Workbench, context: Context) {
  const { work } = bench;
  const isOwn = unit.transaction === undefined;
  const noted: Write[] = [];
  try {
    if (unit.transaction === 'implied') await work.execute('START TRANSACTION');
    for (const numbered of unit.statements) {
      if (numbered.statement.kind === 'transaction' && /^COMMIT/i.test(numbered.statement.verb)) {
        await work.execute(sqlOf(noteOutcome(keyOf(section, numbered.ordinal), { state: 'done', rows: 0 })));
        for (const write of end.closing()) await work.execute(sqlOf(write));
      }
      const result = await withBegin(section, numbered, unit, bench, context);
      if (numbered.statement.kind === 'transaction' && /^COMMIT/i.test(numbered.statement.verb)) return;
      if (!isOwn && numbered.statement.kind === 'opaque') await requireStillOpen(section, numbered, bench);
      // What was noted behind the savepoint went back with it; all of it is done all the same.
      if (numbered.statement.verb === 'ROLLBACK TO') for (const write of noted) await work.execute(sqlOf(write));
      const outcome = await outcomeOf(result, numbered.statement, end.looked, work);
      noted.push(noteOutcome(keyOf(section, numbered.ordinal), outcome));
      await work.execute(sqlOf(noted.at(-1) as Write));
    }
    for (const write of end.closing()) await work.execute(sqlOf(write));
    await work.execute('COMMIT');
  } catch (error) {
    await work.execute('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function withBegin(section: Section, numbered: Numbered, unit: Unit, bench: Workbench, context: Context) {
  const isOwn = unit.transaction === undefined;
  const isOfTemporary = unit.statements.some(({ statement }) => statement.verb === 'CREATE TEMPORARY TABLE');
  const actsOutside = await enterAhead(section, numbered, unit, bench);
  return runStatement(
    section,
    numbered,
    bench,
    context,
    { isInGroup: !isOwn, isOfTemporary, actsOutside },
    async () => {
      if (isOwn) await bench.work.execute('START TRANSACTION');
      if (numbered.statement.kind === 'opaque') await enter(section, numbered, bench);
    },
  );
}

async function enter(section: Section, { ordinal }: Numbered, bench: Workbench): Promise<void> {
  await bench.work.execute(sqlOf(noteMarked(keyOf(section, ordinal))));
}

/**
 * A ROLLBACK within it would take the mark along, and what is written behind that stays. So the mark is committed before, on its own:
 * after a kill nobody can tell, and it is not run twice. What only commits takes the mark with it. Within the author's transaction
 * there is no such way. True: it does what no ROLLBACK takes back.
 */
async function enterAhead(section: Section, numbered: Numbered, unit: Unit, bench: Workbench): Promise<boolean> {
  const endings = await readEndings(numbered, section.all, bench);
  const seen = endings.find(({ isSeen }) => isSeen);
  if (unit.transaction !== undefined && seen) {
    const cause = new Error(`${seen.because}, which would not be one with the transaction around it`);
    throw new StatementFailed(section, numbered, cause);
  }
  const ending = endings.find(({ how }) => how !== 'commits');
  if (!ending) return false;
  const key = keyOf(section, numbered.ordinal);
  const mark = noteOutcome(key, { state: 'entered', after: { ending: ending.because } });
  // The outcomes that wait in a transaction are of rows that it has locked.
  if (unit.transaction === undefined) await commitDeferred(bench, [mark]);
  else await commitTogether(bench.journal, [mark]);
  return endings.some(({ how }) => how === 'outside');
}

/** Another connection sees the mark only if the statement has ended the transaction that the author opened. */
async function requireStillOpen(section: Section, { ordinal, statement }: Numbered, bench: Workbench): Promise<void> {
  const key = keyOf(section, ordinal);
  const isCommitted = await seesMark(bench.journal, key);
  if (!isCommitted && (await seesMark(bench.work, key))) return;
  const ended = isCommitted ? 'committed' : 'rolled back';
  const cause = new Error(`it ${ended} the transaction around it, which can neither be completed nor undone as one`);
  throw new StatementFailed(section, { ordinal, statement }, cause);
}

/** In what a statement is sent, and what it does there. */
interface How {
  readonly isInGroup: boolean;
  readonly isOfTemporary?: boolean;
  /** It does what no ROLLBACK takes back. */
  readonly actsOutside?: boolean;
}

/** One statement, with its events, its patience for locks, and its failure noted in the journal. */
async function runStatement(
  section: Section,
  { ordinal, statement, doneAlready = [] }: Numbered,
  bench: Workbench,
  context: Context,
  { isInGroup, isOfTemporary = false, actsOutside = false }: How,
  begin?: () => Promise<void>,
): Promise<StatementResult> {
  const about = { version: section.version, ordinal, of: section.of, direction: section.direction };
  const startedMs = context.clock.ticksMs();
  let isSent = false;
  const attempt = async (isRepeated: boolean) => {
    if (begin && isRepeated && !isInGroup) await bench.work.execute('ROLLBACK');
    await begin?.();
    isSent = true;
    const answer = bench.work.execute(statement.text).catch((error: { errno?: number }): StatementResult => {
      if (!doneAlready.includes(error.errno ?? 0)) throw error;
      return { rows: 0, lastInsertId: undefined, warnings: [] };
    });
    // Told while the server is at work, not before it.
    if (!isRepeated) context.report({ type: 'statement.started', ...about, sql: statement.text });
    return answer;
  };
  try {
    const { work: session, journal: observer, patience } = bench;
    // User variables, and rows of tables in memory, do not go back with a statement.
    const canRepeat = statement.kind !== 'opaque' && !/:=/.test(statement.text) && !isOfTemporary;
    const on = { session, observer, patience, context, isInGroup, canRepeat };
    const result = await withPatience(attempt, on);
    if (statement.kind === 'opaque') await keepConnectionLock(bench);
    const ms = context.clock.ticksMs() - startedMs;
    context.report({ type: 'statement.finished', ...about, ms, rows: result.rows, warnings: result.warnings });
    return result;
  } catch (error) {
    await noteFailure(keyOf(section, ordinal), statement, error, { bench, context, isSent, actsOutside });
    throw error instanceof Interrupted ? error : new StatementFailed(section, { ordinal, statement }, error);
  }
}
