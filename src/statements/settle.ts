import type { Context } from '../context.ts';
import { ExitCode, Failure } from '../errors.ts';
import type { Statement } from '../migrations/types.ts';
import type { Session } from '../mysql/connect.ts';
import { decideDdl, type Verdict } from './evidence.ts';
import { readPresent } from './evidence-reader.ts';
import { type Expected, expectedAfter } from './expectation.ts';
import { commitTogether, outcomeSql } from './journal.ts';
import type { JournalRow } from './row.ts';
import { connectionLocks } from './workbench.ts';

/** How often a statement that still runs on the server is looked at. */
const LOOK_EVERY_MS = 500;

/**
 * Waits until the connections of a dead run are gone: the server does not notice that a client died until it writes to
 * it, so an ALTER may still be running, and its outcome is not known before it ends. A connection that only sleeps is
 * ended: nobody is left to use it, and what it had not committed is rolled back by the server.
 */
export async function waitForDeadClient(session: Session, run: string, context: Context): Promise<void> {
  for (const lock of connectionLocks(run)) await waitForRelease(session, lock, context);
}

async function waitForRelease(session: Session, name: string, context: Context): Promise<void> {
  const startedMs = context.clock.ticksMs();
  for (;;) {
    const [lock] = await session.query<{ id: number | null }>(`SELECT IS_USED_LOCK('${name}') AS id`);
    const id = lock?.id ?? null;
    if (id === null) return;
    const [thread] = await session.query<{ command: string; seconds: number; info: string | null }>(
      'SELECT COMMAND AS command, TIME AS seconds, INFO AS info FROM information_schema.PROCESSLIST WHERE ID = ?',
      [id],
    );
    if (thread && thread.command === 'Sleep') await session.query(`KILL ${id}`).catch(() => undefined);
    else reportWaiting(context, id, thread, context.clock.ticksMs() - startedMs);
    await context.clock.sleep(LOOK_EVERY_MS, context.signal);
  }
}

function reportWaiting(
  context: Context,
  id: number,
  thread: { seconds: number; info: string | null } | undefined,
  waitedMs: number,
): void {
  if (waitedMs < LOOK_EVERY_MS) {
    const what = (thread?.info ?? 'a statement').replace(/\s+/g, ' ').slice(0, 120);
    const text = `the cut-off run's statement still runs on the server (thread ${id}, for ${thread?.seconds ?? 0} s): ${what}. Waiting for its end; to end it instead: KILL QUERY ${id}`;
    context.report({ type: 'note', level: 'warning', text });
  }
  context.report({
    type: 'progress',
    id: 'recovery',
    done: waitedMs,
    total: undefined,
    unit: 'ms',
    perSecond: undefined,
    etaMs: undefined,
  });
}

interface Settling {
  readonly session: Session;
  readonly database: string;
  readonly rehearsed: readonly Expected[];
  readonly context: Context;
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
  for (const row of rows) {
    if (row.kind === 'start' || (row.state !== 'intent' && row.state !== 'entered')) {
      settled.push(row);
      continue;
    }
    const verdict = await decide(row, statementOf(row), on);
    reportVerdict(row, verdict, on.context);
    if (verdict.is === 'unknown') throw undecided(row, verdict);
    if (verdict.is === 'done') await commitTogether(on.session, [outcomeSql(row, { state: 'done' })]);
    settled.push(verdict.is === 'done' ? { ...row, state: 'done' } : row);
  }
  return settled;
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
      state: `every statement before it is done, none after it has begun`,
      next: 'gateway-migrate restore --backup latest',
    },
  );
}
