import type { Session } from '../mysql/connect.ts';
import type { Flavor } from '../mysql/flavor.ts';
import { missingPrivileges, quoteAccount } from '../mysql/grants.ts';
import { readAccount } from './privileges.ts';

/** What the account may do with the server's binary log. */
export interface LogRights {
  /** Statement that lets it read the log; undefined when it may. */
  readonly grantToRead: string | undefined;
  /** Statement that lets it repeat rows on this server; undefined when it may. */
  readonly grantToRepeat: string | undefined;
}

/** SHOW BINARY LOGS, and a replica's way of reading. */
const READ = {
  mysql: ['REPLICATION CLIENT', 'REPLICATION SLAVE'],
  mariadb: ['BINLOG MONITOR', 'REPLICATION SLAVE'],
} as const;
/** One of these lets an account give BINLOG statements; the first is the smallest. */
const REPEAT = {
  mysql: ['REPLICATION_APPLIER', 'BINLOG_ADMIN', 'SUPER'],
  mariadb: ['BINLOG REPLAY', 'SUPER'],
} as const;

export async function readLogRights(session: Session, { kind }: Flavor): Promise<LogRights> {
  const { name, grants } = await readAccount(session);
  const account = quoteAccount(name);
  const toRead = missingPrivileges(grants, '', READ[kind]);
  const mayRepeat = missingPrivileges(grants, '', REPEAT[kind]).length < REPEAT[kind].length;
  return {
    grantToRead: toRead.length === 0 ? undefined : `GRANT ${toRead.join(', ')} ON *.* TO ${account};`,
    grantToRepeat: mayRepeat ? undefined : `GRANT ${REPEAT[kind][0]} ON *.* TO ${account};`,
  };
}
