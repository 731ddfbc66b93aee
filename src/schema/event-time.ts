import type { Session } from '../mysql/connect.ts';
import type { EventTime } from '../mysql/event-text.ts';
import type { Creation } from './definitions.ts';

/**
 * Whether the event's time has come. The servers make no event whose time has come: without PRESERVE they drop it at once, with
 * it they disable it, with a note each (1588, 1544).
 */
export async function isOver(session: Session, { last }: EventTime, timeZone: string | undefined): Promise<boolean> {
  if (last === undefined) return false;
  const [row] = await session.query<{ isOver: number | null }>(
    "SELECT CONVERT_TZ(?, ?, '+00:00') <= UTC_TIMESTAMP() AS isOver",
    [last, timeZone ?? 'SYSTEM'],
  );
  return Number(row?.isOver) === 1;
}

/** PURE: the time zone that a SET of circumstances gives. */
export function timeZoneIn(settings: readonly string[]): Creation['timeZone'] {
  const zone = settings.find((setting) => setting.startsWith('time_zone = '));
  return zone?.slice("time_zone = '".length, -1);
}
