import type { Config } from '../config/config.ts';
import { ExitCode, Failure, failedUnchanged, messageOf } from '../errors.ts';
import { connectWithSession, type Server, type Session, type Target } from '../mysql/connect.ts';
import { quoteName } from '../mysql/quote.ts';
import { findLocalUnfinished, type LocalRun } from '../run/folder.ts';

type Reached = Pick<Config, 'database' | 'stateDir'>;

/**
 * Connects, or says why not in the server's own words, and what is known of production without it. The caller closes the
 * session.
 */
export async function reach({ database, stateDir }: Reached): Promise<{ server: Server; session: Session }> {
  try {
    return await connectWithSession(database);
  } catch (error) {
    const what = `cannot connect to ${describeTarget(database)}: ${messageOf(error)}`;
    const left = await findLocalUnfinished(stateDir);
    if (left) throw unknownWithout(what, left, error);
    throw failedUnchanged(what, isGone(error) ? makeAnew(database) : 'mend that, then: gateway-migrate doctor', error);
  }
}

/** A server that went down in the middle of a run, or with it: nobody may say that production is as it was. */
function unknownWithout(what: string, { record }: LocalRun, cause: unknown): Failure {
  return new Failure(what, {
    exitCode: ExitCode.unknown,
    production: 'unknown',
    state: `run ${record.run} (${record.plan.command}) has not ended: what it has done, only the database knows`,
    next: 'mend that, then: gateway-migrate resume (or gateway-migrate rollback)',
    cause,
  });
}

function isGone(error: unknown): boolean {
  // ER_BAD_DB_ERROR
  return (error as { errno?: number }).errno === 1049;
}

function makeAnew({ database }: Target): string {
  return `if it was dropped: CREATE DATABASE ${quoteName(database)}; then gateway-migrate restore`;
}

/** `askproai_db on 127.0.0.1:3306 as app`. */
export function describeTarget(target: Target): string {
  const where = target.socket ?? `${target.host ?? '127.0.0.1'}:${target.port ?? 3306}`;
  return `${target.database} on ${where} as ${target.user}`;
}
