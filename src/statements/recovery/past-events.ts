import type { Session } from '../../mysql/connect.ts';
import { eventTimeOf } from '../../mysql/event-text.ts';
import { readCreation } from '../../schema/definitions.ts';
import { isOver, timeZoneIn } from '../../schema/event-time.ts';
import type { ObjectId } from '../../schema/types.ts';
import type { JournalRow } from '../row.ts';

/** An event that no way back brings to what it was, for its time has come since; what to tell of it. */
export interface PastEvent {
  readonly id: ObjectId;
  readonly text: string;
}

/** Of objects that differ from what was noted, the events of which time alone has made that. */
export async function findPastEvents(
  different: readonly ObjectId[],
  rows: readonly JournalRow[],
  database: string,
  session: Session,
): Promise<PastEvent[]> {
  const found: PastEvent[] = [];
  for (const id of different.filter((one) => one.startsWith('event:'))) {
    const evidence = rows.find((row) => row.evidence.definitions?.[id] !== undefined)?.evidence;
    const definition = evidence?.definitions?.[id] ?? '';
    const time = eventTimeOf(definition);
    if (!time || !(await isOver(session, time, timeZoneIn(evidence?.circumstances?.[id] ?? [])))) continue;
    const name = id.replace(':', ' ');
    const now = await readCreation(session, database, id);
    if (now === undefined && time.isDropped) {
      found.push({ id, text: `${name} is not back: its time has come since (${time.last})` });
    } else if (now && time.status === 'ENABLE' && eventTimeOf(now.text)?.status === 'DISABLE') {
      if (now.text !== definition.replace(/( ON COMPLETION (?:NOT )?PRESERVE) ENABLE\b/, '$1 DISABLE')) continue;
      found.push({ id, text: `${name} is disabled: its time has come since (${time.last})` });
    }
  }
  return found;
}
