import { failedUnchanged, messageOf } from '../errors.ts';
import { connectWithSession, type Server, type Session, type Target } from '../mysql/connect.ts';
import { quoteName } from '../mysql/quote.ts';

/** Connects, or says why not in the server's own words. The caller closes the session. */
export async function reach(target: Target): Promise<{ server: Server; session: Session }> {
  try {
    return await connectWithSession(target);
  } catch (error) {
    const what = `cannot connect to ${describeTarget(target)}: ${messageOf(error)}`;
    throw failedUnchanged(what, isGone(error) ? makeAnew(target) : 'mend that, then: gateway-migrate doctor', error);
  }
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
