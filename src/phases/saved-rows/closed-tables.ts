import type { Context } from '../../context.ts';
import { Failure, messageOf } from '../../errors.ts';
import type { Session } from '../../mysql/connect.ts';
import { quoteName } from '../../mysql/quote.ts';
import { CLOSING_TRIGGERS } from '../../schema/types.ts';
import { boundLockWaits, type Patience, withPatience } from '../../statements/patience.ts';
import { connectionLocks } from '../../statements/recovery/dead-client.ts';

interface Closing {
  /** The run that goes on writing: it is known by the lock that its working connection holds. */
  readonly run: string;
  readonly patience: Patience;
}

const EVENTS = ['INSERT', 'UPDATE', 'DELETE'] as const;

/**
 * Closes tables to everybody but the run, by triggers that refuse every row: a writer gets an error, so that nothing is
 * acknowledged that is in no snapshot from now on. CREATE TRIGGER waits for every transaction that has used the table.
 * What an earlier process has left of it is made anew. Returns why they could not be closed; they are open then.
 */
export async function closeTables(
  tables: readonly string[],
  { run, patience }: Closing,
  context: Context,
): Promise<string | undefined> {
  return withTwo(context, patience, async (session, observer) => {
    await removeTriggers(session, observer, patience, context);
    const writer = `NOT (IS_USED_LOCK('${connectionLocks(run).work[0]}') <=> CONNECTION_ID())`;
    const text = 'gateway-migrate rollback saves the rows of this table and takes it away; see: gateway-migrate status';
    const refuse = `IF ${writer} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '${text}'; END IF;`;
    try {
      for (const [index, table] of tables.entries()) {
        for (const event of EVENTS) {
          const name = quoteName(`${CLOSING_TRIGGERS}${index + 1}_${event.toLowerCase()}`);
          const sql = `CREATE TRIGGER ${name} BEFORE ${event} ON ${quoteName(table)} FOR EACH ROW BEGIN ${refuse} END`;
          await runPatiently(sql, session, observer, patience, context);
        }
      }
      return undefined;
    } catch (error) {
      // An interrupted run has a way back that opens them.
      if (context.signal.aborted) throw error;
      await removeTriggers(session, observer, patience, context);
      // Whoever holds a lock can be ended. A right that is missing is no reason to stay where one is.
      if (error instanceof Failure) throw error;
      return messageOf(error);
    }
  });
}

/** Opens them again. What was dropped has taken its triggers along; none is no mistake. */
export async function openTables(patience: Patience, context: Context): Promise<void> {
  const session = await context.server.open();
  const found = await readClosing(session, context).finally(() => session.close());
  if (found.length === 0) return;
  await withTwo(context, patience, (one, observer) => removeTriggers(one, observer, patience, context));
}

async function withTwo<T>(
  { server }: Context,
  patience: Patience,
  body: (session: Session, observer: Session) => Promise<T>,
): Promise<T> {
  const session = await server.open();
  try {
    await boundLockWaits(session, patience);
    const observer = await server.open();
    try {
      return await body(session, observer);
    } finally {
      await observer.close();
    }
  } finally {
    await session.close();
  }
}

async function removeTriggers(session: Session, observer: Session, patience: Patience, context: Context) {
  for (const name of await readClosing(session, context)) {
    await runPatiently(`DROP TRIGGER IF EXISTS ${quoteName(name)}`, session, observer, patience, context);
  }
}

async function readClosing(session: Session, { server }: Context): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS
     WHERE TRIGGER_SCHEMA = ? AND LEFT(TRIGGER_NAME, ${CLOSING_TRIGGERS.length}) = '${CLOSING_TRIGGERS}'`,
    [server.target.database],
  );
  return rows.map(({ name }) => name);
}

async function runPatiently(
  sql: string,
  session: Session,
  observer: Session,
  patience: Patience,
  context: Context,
): Promise<void> {
  const on = { session, observer, patience, context, isInGroup: false, canRepeat: true } as const;
  await withPatience(() => session.execute(sql), { ...on, again: 'gateway-migrate rollback' });
}
