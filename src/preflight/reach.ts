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
    throw failedUnchanged(what, remedyFor(error, database), error);
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

const ER_ACCESS_DENIED = 1045;
const TLS = 'database.tls: true (or { ca: FILE }) in the configuration, then: gateway-migrate doctor';

function remedyFor(error: unknown, target: Target): string {
  if (isGone(error)) return makeAnew(target);
  const isPlain = target.tls === false && target.socket === undefined;
  if (isPlain && /require_secure_transport/.test(messageOf(error))) return `set ${TLS}`;
  // So MariaDB answers under require_secure_transport, and both do for an account with REQUIRE SSL.
  if (isPlain && (error as { errno?: number }).errno === ER_ACCESS_DENIED) {
    return `mend user or password; where the server asks for TLS, set ${TLS}`;
  }
  return 'mend that, then: gateway-migrate doctor';
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
