import type { Config } from '../../config/config.ts';
import { refusal } from '../../errors.ts';
import type { ForeignHistory } from '../../preflight/foreign/history.ts';
import { readForeign } from '../../preflight/foreign/read.ts';
import { readKnownHistory } from '../../preflight/sources.ts';
import type { Standing } from '../../preflight/standing.ts';

/** Under the lock: another run, or another tool, may have applied or undone what this one has asked about. */
export async function requireSameHistory(
  { server, history, foreign, status }: Pick<Standing, 'server' | 'history' | 'foreign' | 'status'>,
  config: Pick<Config, 'migrations'>,
  command: string,
): Promise<void> {
  const session = await server.open();
  try {
    const own = tellOwn(await readKnownHistory(session, config, { withText: false }));
    if (own !== tellOwn(history)) throw changed('another run has', command);
    const now = tellForeign(await readForeign(session, status));
    // Other tools know nothing of our lock.
    if (now !== tellForeign(foreign)) throw changed('another tool has', command);
  } finally {
    await session.close();
  }
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
