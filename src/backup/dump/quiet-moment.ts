import type { Context } from '../../context.ts';
import type { Row, Session } from '../../mysql/connect.ts';

const LOOK_EVERY_MS = 500;
/** Longer than most reports take; whoever runs longer ones takes the backup at another time. */
const GIVE_UP_AFTER_MS = 300_000;
const STATEMENT_SHOWN = 120;

interface Running extends Row {
  readonly thread: number;
  readonly user: string;
  readonly seconds: number;
  readonly statement: string | null;
}

/**
 * Waits until no statement has run for a second or more. mysqldump takes the binary log's position under FLUSH TABLES,
 * which waits for every statement that reads a table, and whoever wants that table next waits as well, until that
 * statement has ended: also when the FLUSH is cut off by a timeout or by KILL. So it is not begun while one runs. One that
 * began within the last second is not seen, nor without PROCESS those of other accounts. Throws an error that names what
 * still runs after 5 minutes.
 */
export async function waitForQuietMoment(session: Session, context: Context): Promise<void> {
  const { clock, signal } = context;
  const startedMs = clock.ticksMs();
  for (let looks = 0; ; looks++) {
    const running = (await readRunning(session)).map(describe).join('; ');
    if (running === '') return;
    if (clock.ticksMs() - startedMs > GIVE_UP_AFTER_MS) {
      throw new Error(`no moment without a long statement, behind which FLUSH TABLES would hold up others: ${running}`);
    }
    if (looks === 0) {
      const text = `waiting for statements to end, behind which FLUSH TABLES would hold up others: ${running}`;
      context.report({ type: 'note', level: 'warning', text });
    }
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** Only those with a transaction have a table open. Without PROCESS that is not told, and each counts. */
async function readRunning(session: Session): Promise<Running[]> {
  const running = `p.ID AS thread, p.USER AS user, p.TIME AS seconds, p.INFO AS statement
    FROM information_schema.PROCESSLIST p`;
  const longest = `p.COMMAND IN ('Query', 'Execute') AND p.TIME >= 1 AND p.ID <> CONNECTION_ID() ORDER BY p.TIME DESC LIMIT 3`;
  return session
    .query<Running>(
      `SELECT ${running} JOIN information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID WHERE ${longest}`,
    )
    .catch(() => session.query<Running>(`SELECT ${running} WHERE ${longest}`));
}

function describe({ thread, user, seconds, statement }: Running): string {
  const text = (statement ?? '').replace(/\s+/g, ' ').slice(0, STATEMENT_SHOWN);
  return `thread ${thread} (${user}), for ${seconds} s: ${text}`;
}
