import type { Context } from '../../context.ts';
import { Failure, messageOf } from '../../errors.ts';
import type { Statement } from '../../migrations/types.ts';
import { isAboutAccounts, listsAccounts } from '../accounts/accounts.ts';
import { takeBackAhead } from '../intents.ts';
import { noteOutcome, type StatementKey, seesMark } from '../journal.ts';
import { commitDeferred, type Workbench } from '../workbench.ts';
import { isServerError } from './failed.ts';

/** How a statement was sent that failed. */
export interface Failing {
  readonly bench: Workbench;
  readonly context: Context;
  readonly isSent: boolean;
  readonly actsOutside: boolean;
}

/** MariaDB works a list off one by one: what stands in front of the refused one is done, and evidence decides. */
function mayBePartlyDone(statement: Statement, { server }: Context): boolean {
  return server.flavor.kind === 'mariadb' && (statement.touches.length > 1 || listsAccounts(statement));
}

/**
 * A server's own error means that the statement did nothing (it is atomic, save for lists on MariaDB). Without one the connection was lost and
 * nobody knows: the row stays an intent, to be decided by evidence. What was noted ahead never had its turn.
 */
export async function noteFailure(key: StatementKey, statement: Statement, error: unknown, failing: Failing) {
  const { bench, context } = failing;
  const cause = error instanceof Failure ? error.cause : error;
  const isRefused = isServerError(cause);
  const isPartly = mayBePartlyDone(statement, context);
  // Of accounts it commits the mark by itself, and then does all or nothing.
  const isAtomic = isRefused && isAboutAccounts(statement.verb) && !isPartly;
  const didNothing = statement.kind === 'opaque' && (isAtomic || (await isAllOpen(key, failing)));
  if (isRefused || didNothing) await bench.work.execute('ROLLBACK').catch(() => undefined);
  const unrun = didNothing ? [noteOutcome(key, { state: 'intent' })] : [];
  const state = key.direction === 'up' && isPartly ? 'intent' : 'failed';
  const failed = isRefused ? [noteOutcome(key, { state, error: messageOf(error) })] : [];
  await commitDeferred(bench, [...unrun, ...failed, ...takeBackAhead(bench)]).catch(() => undefined);
}

/**
 * Nothing that it did is there once the ROLLBACK has come: it was never sent, or its transaction is still the one that it was sent in. There the
 * mark stands that only this connection sees.
 */
async function isAllOpen(key: StatementKey, { bench, isSent, actsOutside }: Failing): Promise<boolean> {
  if (!isSent) return true;
  if (actsOutside) return false;
  const [here, elsewhere] = await Promise.all([seesMark(bench.work, key), seesMark(bench.journal, key)]).catch(
    () => [],
  );
  return here === true && elsewhere === false;
}
