import { messageOf, refusal } from '../errors.ts';
import type { Session } from '../mysql/connect.ts';
import { missingPrivileges, quoteAccount } from '../mysql/grants.ts';
import { quoteName } from '../mysql/quote.ts';
import { readSnapshot } from '../schema/snapshot.ts';
import type { Snapshot } from '../schema/types.ts';
import { readAccount } from './privileges.ts';

const ER_TABLEACCESS_DENIED = 1142;

/** Production's schema. An account that may not look at its views (MySQL refuses to show one) is told what to grant. */
export async function readWholeSchema(session: Session, database: string): Promise<Snapshot> {
  try {
    return await readSnapshot(session, database);
  } catch (error) {
    if ((error as { errno?: number }).errno !== ER_TABLEACCESS_DENIED) throw error;
    const { name, grants } = await readAccount(session);
    const missing = missingPrivileges(grants, database, ['SELECT', 'SHOW VIEW']);
    if (missing.length === 0) throw error;
    throw refusal(
      `the schema cannot be read as a whole: ${messageOf(error)}`,
      `GRANT ${missing.join(', ')} ON ${quoteName(database)}.* TO ${quoteAccount(name)};`,
    );
  }
}
