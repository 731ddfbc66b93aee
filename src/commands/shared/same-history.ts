import { refusal } from '../../errors.ts';
import type { Session } from '../../mysql/connect.ts';
import type { ForeignHistory } from '../../preflight/foreign/history.ts';
import { readForeign } from '../../preflight/foreign/read.ts';
import type { Standing } from '../../preflight/standing.ts';
import { readHistory } from '../../statements/history.ts';

/** Under the lock: another run, or another tool, may have applied or undone what this one has asked about. */
export async function requireSameHistory(
  { server, history, foreign, status }: Pick<Standing, 'server' | 'history' | 'foreign' | 'status'>,
  command: string,
): Promise<void> {
  const session = await server.open();
  try {
    if ((await readOwn(session)) !== tellOwn(history)) throw changed('another run has', command);
    const now = tellForeign(await readForeign(session, status));
    // Other tools know nothing of our lock.
    if (now !== tellForeign(foreign)) throw changed('another tool has', command);
  } finally {
    await session.close();
  }
}

async function readOwn(session: Session): Promise<string> {
  return tellOwn(await readHistory(session, { withText: false }));
}

function tellOwn(rows: Standing['history']): string {
  return rows.map((row) => `${row.version} ${row.state} ${row.run}`).join('\n');
}

function tellForeign(histories: readonly ForeignHistory[]): string {
  return JSON.stringify(histories);
}

function changed(who: string, command: string) {
  return refusal(`${who} changed the database since you were asked`, `gateway-migrate status, then ${command} again`);
}
