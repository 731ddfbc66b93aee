import { refusal } from '../../errors.ts';
import type { Standing } from '../../preflight/standing.ts';
import { readHistory } from '../../statements/history.ts';

/** Under the lock: another run may have applied, or undone, what this one has asked about. */
export async function requireSameHistory(
  { server, history }: Pick<Standing, 'server' | 'history'>,
  command: string,
): Promise<void> {
  const session = await server.open();
  try {
    const now = await readHistory(session, { withText: false });
    const told = (rows: readonly { version: string; state: string; run: string }[]) =>
      rows.map((row) => `${row.version} ${row.state} ${row.run}`).join('\n');
    if (told(now) === told(history)) return;
    throw refusal(
      'another run has changed the database since you were asked',
      `gateway-migrate status, then ${command} again`,
    );
  } finally {
    await session.close();
  }
}
