import type { Context } from '../context.ts';
import { Failure, Interrupted, messageOf } from '../errors.ts';
import type { Statement } from '../migrations/types.ts';
import type { StatementResult } from '../mysql/connect.ts';
import { isAboutAccounts } from './accounts/accounts.ts';
import { keyOf, noteIntents, takeBackAhead } from './intents.ts';
import { noteMarked, noteOutcome, type StatementKey, seesMark } from './journal.ts';
import { readEnding } from './outcome/ending-reader.ts';
import { isRefusedUnrun, isServerError, StatementFailed } from './outcome/failed.ts';
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
    if (isInRollback) await enterAhead(section, numbered, unit, bench);
    const result = await runStatement(
      section,
      numbered,
      bench,
      context,
      { isInGroup: unit.transaction !== undefined },
      mark,
    );
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
  await enterAhead(section, numbered, unit, bench);
  return runStatement(section, numbered, bench, context, { isInGroup: !isOwn, isOfTemporary }, async () => {
    if (isOwn) await bench.work.execute('START TRANSACTION');
    if (numbered.statement.kind === 'opaque') await enter(section, numbered, bench);
  });
}

async function enter(section: Section, { ordinal }: Numbered, bench: Workbench): Promise<void> {
  await bench.work.execute(sqlOf(noteMarked(keyOf(section, ordinal))));
}

/**
 * A ROLLBACK within it would take the mark along, and what is written behind that stays. So the mark is committed before, on its own:
 * after a kill nobody can tell, and it is not run twice. Within the author's transaction there is no such way.
 */
async function enterAhead(section: Section, numbered: Numbered, unit: Unit, bench: Workbench): Promise<void> {
  const ending = await readEnding(numbered, section.all, bench);
  if (!ending) return;
  if (unit.transaction !== undefined && ending.isSeen) {
    const cause = new Error(`${ending.because}, which would not be one with the transaction around it`);
    throw new StatementFailed(section, numbered, cause);
  }
  const key = keyOf(section, numbered.ordinal);
  await commitDeferred(bench, [noteOutcome(key, { state: 'entered', after: { ending: ending.because } })]);
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

/** One statement, with its events, its patience for locks, and its failure noted in the journal. */
async function runStatement(
  section: Section,
  { ordinal, statement, doneAlready = [] }: Numbered,
  bench: Workbench,
  context: Context,
  { isInGroup, isOfTemporary = false }: { readonly isInGroup: boolean; readonly isOfTemporary?: boolean },
  begin?: () => Promise<void>,
): Promise<StatementResult> {
  const about = { version: section.version, ordinal, of: section.of, direction: section.direction };
  const startedMs = context.clock.ticksMs();
  const attempt = async (isRepeated: boolean) => {
    if (begin && isRepeated && !isInGroup) await bench.work.execute('ROLLBACK');
    await begin?.();
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
    await noteFailure(keyOf(section, ordinal), statement, error, { bench, context });
    throw error instanceof Interrupted ? error : new StatementFailed(section, { ordinal, statement }, error);
  }
}

interface Failing {
  readonly bench: Workbench;
  readonly context: Context;
}

/** MariaDB works a list off one by one: what stands in front of the refused one is done, and evidence decides. */
function mayBePartlyDone({ verb, touches }: Statement, { server }: Context): boolean {
  return server.flavor.kind === 'mariadb' && (touches.length > 1 || isAboutAccounts(verb));
}

/**
 * A server's own error means that the statement did nothing (it is atomic, save for lists on MariaDB). Without one the connection was lost and
 * nobody knows: the row stays an intent, to be decided by evidence. What was noted ahead never had its turn.
 */
async function noteFailure(key: StatementKey, statement: Statement, error: unknown, { bench, context }: Failing) {
  const cause = error instanceof Failure ? error.cause : error;
  const isRefused = isServerError(cause);
  if (isRefused) await bench.work.execute('ROLLBACK').catch(() => undefined);
  const unrun = isRefusedUnrun(statement, cause) ? [noteOutcome(key, { state: 'intent' })] : [];
  const state = key.direction === 'up' && mayBePartlyDone(statement, context) ? 'intent' : 'failed';
  const failed = isRefused ? [...unrun, noteOutcome(key, { state, error: messageOf(error) })] : [];
  await commitDeferred(bench, [...failed, ...takeBackAhead(bench)]).catch(() => undefined);
}
