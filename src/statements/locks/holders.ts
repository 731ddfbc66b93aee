import type { Server, Session } from '../../mysql/connect.ts';
import { foldName } from '../../mysql/name.ts';
import { quoteName } from '../../mysql/quote.ts';
import type { LockedTable } from '../../plan/step.ts';

/** What one look at a table has shown. */
export interface Held {
  readonly table: string;
  /** Stays the same for as long as the same transaction holds it; a probe cannot tell one from another. */
  readonly by: string;
  /** Undefined: by somebody, a probe does not tell whom. */
  readonly thread: number | undefined;
}

/** Tells which of the tables are held at this moment. */
export interface Looker {
  look(tables: readonly LockedTable[]): Promise<Held[]>;
  /**
   * A table that is in use at every look, by ever other short transactions, is got only by standing in line: whoever comes
   * after us waits as long as we do.
   */
  standInLine(table: LockedTable): Promise<boolean>;
}

const ER_LOCK_WAIT_TIMEOUT = 1205;
const ER_QUERY_INTERRUPTED = 1317;
const ER_NO_SUCH_TABLE = 1146;
/** Longest that queries queue behind a probe of MySQL. */
const PROBE_MS = 100;
const IN_LINE_SECONDS = 1;

/**
 * How to look is chosen by what queues nobody behind us. MySQL tells who holds what (performance_schema.metadata_locks), where
 * the account may read it. Else a LOCK TABLES is tried on a connection of its own, and given back at once. MariaDB's NOWAIT
 * never joins the queue: readers that met 500 of them a second were not seen to wait for one. MySQL has no NOWAIT for it, and
 * no limit below a second, so there the attempt is ended after a tenth of one: that is the last choice.
 */
export async function openLooker(session: Session, observer: Session, server: Server): Promise<Looker> {
  const probe = probeWith(session, observer, server);
  if (server.flavor.kind === 'mysql' && (await canRead(session))) return { ...probe, look: reader(session, server) };
  return probe;
}

async function canRead(session: Session): Promise<boolean> {
  try {
    const [row] = await session.query<{ isOn: string }>(
      "SELECT ENABLED AS isOn FROM performance_schema.setup_instruments WHERE NAME = 'wait/lock/metadata/sql/mdl'",
    );
    await session.query('SELECT 1 FROM performance_schema.metadata_locks m JOIN performance_schema.threads t LIMIT 1');
    return row?.isOn === 'YES';
  } catch {
    return false;
  }
}

function reader(session: Session, { foldsNames }: Server): Looker['look'] {
  const spelled = (name: string) => (foldsNames ? foldName(name) : name);
  return async (tables) => {
    const names = new Set(tables.map(({ table }) => spelled(table)));
    // A lock of a statement alone is gone with it.
    const rows = await session.query<{ table: string; thread: number; owner: string; event: string }>(
      `SELECT m.OBJECT_NAME AS \`table\`, t.PROCESSLIST_ID AS thread, m.OWNER_THREAD_ID AS owner, m.OWNER_EVENT_ID AS event
       FROM performance_schema.metadata_locks m JOIN performance_schema.threads t ON t.THREAD_ID = m.OWNER_THREAD_ID
       WHERE m.OBJECT_TYPE = 'TABLE' AND m.OBJECT_SCHEMA = DATABASE() AND m.LOCK_STATUS = 'GRANTED'
         AND m.LOCK_DURATION IN ('TRANSACTION', 'EXPLICIT') AND t.PROCESSLIST_ID <> CONNECTION_ID()`,
    );
    return rows
      .filter(({ table }) => names.has(spelled(table)))
      .map(({ table, thread, owner, event }) => ({ table, thread: Number(thread), by: `${table} ${owner} ${event}` }));
  };
}

function probeWith(session: Session, observer: Session, { flavor }: Server): Looker {
  const isMariaDb = flavor.kind === 'mariadb';
  const lock = ({ table, against }: LockedTable, how: string) =>
    `LOCK TABLES ${quoteName(table)} ${against === 'writers' ? 'READ' : 'WRITE'}${how}`;
  const gets = async (sql: string, withinMs?: number) => {
    const got = await attempt(session, observer, sql, withinMs);
    await session.query('UNLOCK TABLES');
    return got;
  };
  return {
    async look(tables) {
      const held: Held[] = [];
      for (const one of tables) {
        const isFree = isMariaDb ? await gets(lock(one, ' NOWAIT')) : await gets(lock(one, ''), PROBE_MS);
        if (!isFree) held.push({ table: one.table, by: one.table, thread: undefined });
      }
      return held;
    },
    standInLine: (one) => gets(lock(one, isMariaDb ? ` WAIT ${IN_LINE_SECONDS}` : ''), IN_LINE_SECONDS * 1_000),
  };
}

/** Whether the lock was got. `withinMs`: then the attempt is ended, by another connection. */
async function attempt(session: Session, observer: Session, sql: string, withinMs?: number): Promise<boolean> {
  let ending: Promise<unknown> | undefined;
  const end = () => {
    ending = observer.query(`KILL QUERY ${session.connectionId}`).catch(() => undefined);
  };
  const late = withinMs === undefined ? undefined : setTimeout(end, withinMs);
  try {
    await session.query(sql);
    return true;
  } catch (error) {
    const errno = (error as { errno?: number }).errno ?? 0;
    if (errno === ER_NO_SUCH_TABLE) return true;
    if (errno === ER_LOCK_WAIT_TIMEOUT || errno === ER_QUERY_INTERRUPTED) return false;
    throw error;
  } finally {
    clearTimeout(late);
    if (ending) {
      await ending;
      // One that came too late must not meet what comes next.
      await session.query('DO 1').catch(() => undefined);
    }
  }
}
