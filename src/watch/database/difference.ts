import { type Counts, type DatabaseLook, KINDS } from '../evidence.ts';
import type { Counters } from './counters.ts';

/** PURE: what happened between two looks. After a restart the server counts from nothing. */
export function difference(before: Counters, now: Counters, own: number): DatabaseLook {
  const restarted = now.uptimeS < before.uptimeS;
  const since = (was: number | null | undefined, is: number) =>
    restarted || (was ?? 0) > is ? is : Math.max(0, is - (was ?? 0));
  const counts: { -readonly [K in keyof Counts]: Counts[K] } = {};
  for (const kind of KINDS) {
    const [was, is] = [before.counts[kind], now.counts[kind]];
    if (typeof is === 'number' && (typeof was === 'number' || restarted)) counts[kind] = since(was, is);
  }
  const last = now.lastForeignKey;
  if (last && last.time !== before.lastForeignKey?.time) counts.foreignKey = 1;
  return {
    statements: Math.max(0, since(before.questions, now.questions) - own),
    counts,
    ...{ threadsRunning: now.threadsRunning, lockWaits: now.lockWaits },
    ...(restarted ? { restarted } : {}),
    ...(counts.foreignKey && last ? { table: last.table } : {}),
  };
}
