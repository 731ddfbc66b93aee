import type { Session } from '../../mysql/connect.ts';
import { type Check, fails, warns } from '../../run/check.ts';

/** What a time without a zone means on a server, in winter and in summer: minutes ahead of UTC. */
export interface Zone {
  readonly january: number;
  readonly july: number;
}

/** The zone that connections begin with: a migration's literal TIMESTAMP is read in it. */
export async function readZone(session: Session): Promise<Zone> {
  const ahead = (time: string) =>
    `TIMESTAMPDIFF(MINUTE, CONVERT_TZ('${time}', @@GLOBAL.time_zone, '+00:00'), '${time}')`;
  const [row] = await session.query<Record<keyof Zone, number | string>>(
    `SELECT ${ahead('2025-01-15 12:00:00')} AS january, ${ahead('2025-07-15 12:00:00')} AS july`,
  );
  return { january: Number(row?.january), july: Number(row?.july) };
}

/**
 * PURE: the options that give a private server production's zone. One that moves its clocks is followed only where this
 * machine does the same: `machine` is what SYSTEM means here. Else the private server has its winter all year.
 */
export function zoneArgs(production: Zone, machine: Zone): string[] {
  if (production.january === machine.january && production.july === machine.july) return [];
  return [`--default-time-zone=${formatOffset(production.january)}`];
}

/** What SYSTEM means to a server that we start. */
export function machineZone(): Zone {
  const ahead = (month: number) => -new Date(2025, month, 15, 12).getTimezoneOffset();
  return { january: ahead(0), july: ahead(6) };
}

/** PURE: the same zone holds no check. The same for half of the year is told, as no more can be had on every machine. */
export function compareZones(production: Zone, rehearsal: Zone): Check[] {
  const isWinter = production.january === rehearsal.january;
  const isSummer = production.july === rehearsal.july;
  if (isWinter && isSummer) return [];
  const parts = {
    group: 'clone',
    name: 'time_zone',
    detail: `${describe(production)} in production, ${describe(rehearsal)} here`,
    remedy: 'set time_zone on the server of the rehearsal as in production',
  };
  return [isWinter || isSummer ? warns(parts) : fails(parts)];
}

function describe({ january, july }: Zone): string {
  const winter = formatOffset(january);
  return january === july ? winter : `${winter} (${formatOffset(july)} in July)`;
}

/** PURE: `+05:45`. */
function formatOffset(minutes: number): string {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
}
