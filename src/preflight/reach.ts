import { failedUnchanged, messageOf } from '../errors.ts';
import { connectWithSession, type Server, type Session, type Target } from '../mysql/connect.ts';

/** Connects, or says why not in the server's own words. The caller closes the session. */
export async function reach(target: Target): Promise<{ server: Server; session: Session }> {
  try {
    return await connectWithSession(target);
  } catch (error) {
    throw failedUnchanged(
      `cannot connect to ${describeTarget(target)}: ${messageOf(error)}`,
      'gateway-migrate doctor',
      error,
    );
  }
}

/** `askproai_db on 127.0.0.1:3306 as app`. */
export function describeTarget(target: Target): string {
  const where = target.socket ?? `${target.host ?? '127.0.0.1'}:${target.port ?? 3306}`;
  return `${target.database} on ${where} as ${target.user}`;
}
