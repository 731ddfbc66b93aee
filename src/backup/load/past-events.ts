import type { Session } from '../../mysql/connect.ts';
import { type EventTime, eventTimeOf } from '../../mysql/event-text.ts';
import { isOver } from '../../schema/event-time.ts';
import type { Manifest } from '../file/manifest.ts';
import { SectionDigest } from '../file/section-digest.ts';

/** An event of a backup, as its dump makes it. */
export interface DumpedEvent extends EventTime {
  readonly name: string;
  readonly timeZone: string | undefined;
  /** All statements about it. */
  readonly block: string;
}

/** What time has made of an event since it was backed up. */
export interface PastEvent {
  readonly event: DumpedEvent;
  readonly became: 'gone' | 'disabled';
}

const BLOCK = /^\/\*!50106 DROP EVENT IF EXISTS (`(?:[^`]|``)+`) \*\/;/m;
const BLOCKS = /(?=^\/\*!50106 DROP EVENT IF EXISTS `)/m;
/** Behind the last event. */
const END = '\nDELIMITER ;\n/*!50106 SET TIME_ZONE= @save_time_zone */ ;';
const ZONE = /^\/\*!50003 SET time_zone {13}= '([^']*)' \*\/ ;;$/m;

/** PURE: the events in the text of a dump, bytes as latin1. */
export function eventsIn(text: string): DumpedEvent[] {
  return text.split(BLOCKS).flatMap((part) => {
    const end = part.indexOf(END);
    const block = end === -1 ? part : part.slice(0, end + 1);
    const quoted = BLOCK.exec(block)?.[1];
    const time = eventTimeOf(block);
    if (quoted === undefined || !time) return [];
    const name = Buffer.from(quoted.slice(1, -1).replaceAll('``', '`'), 'latin1').toString('utf8');
    return [{ ...time, name, timeZone: ZONE.exec(block)?.[1], block }];
  });
}

/** Of a backup's events those that time has taken away or disabled on their way in, which is no fault of backup or load. */
export async function findPastEvents(text: string, database: string, session: Session): Promise<PastEvent[]> {
  const events = eventsIn(text);
  if (events.length === 0) return [];
  const rows = await session.query<{ name: string; status: string }>(
    'SELECT EVENT_NAME AS name, STATUS AS status FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ?',
    [database],
  );
  const status = new Map(rows.map((row) => [row.name, row.status]));
  const found: PastEvent[] = [];
  for (const event of events) {
    const now = status.get(event.name);
    const isGone = now === undefined && event.isDropped;
    const isDisabled = now === 'DISABLED' && event.status === 'ENABLE';
    if ((isGone || isDisabled) && (await isOver(session, event, event.timeZone))) {
      found.push({ event, became: isGone ? 'gone' : 'disabled' });
    }
  }
  return found;
}

/** PURE: the objects that are required once time has taken some events away. */
export function withoutPast(objects: Manifest['objects'], past: readonly PastEvent[]): Manifest['objects'] {
  const gone = new Set(past.flatMap(({ event, became }) => (became === 'gone' ? [event.name] : [])));
  return { ...objects, event: objects.event.filter((name) => !gone.has(name)) };
}

/** PURE: what to tell people. */
export function describePastEvent({ event, became }: PastEvent): string {
  const time = `${event.last} ${event.timeZone ?? ''}`.trimEnd();
  return became === 'gone'
    ? `event ${event.name} is left out: its time has come (${time}), and it was not to outlive it (ON COMPLETION NOT PRESERVE)`
    : `event ${event.name} is disabled: its time has come (${time})`;
}

/** PURE: the digest of a dump's section of events once time has made that of them. */
export function digestAfter(section: string, past: readonly PastEvent[]): string {
  let text = section;
  for (const { event, became } of past) {
    const block = became === 'gone' ? '' : event.block.replace(/( ON COMPLETION PRESERVE) ENABLE\b/, '$1 DISABLE');
    text = text.replace(event.block, () => block);
  }
  return digestOf(eventsIn(text).length > 0 ? withFirstDelimiter(text) : withoutFrame(text));
}

/** PURE: the same of the section as it stands. */
export function digestOf(section: string): string {
  const digest = new SectionDigest();
  digest.update(Buffer.from(section, 'latin1'));
  return digest.hex();
}

/** Only in front of the first event the statement's end is a semicolon alone. */
function withFirstDelimiter(text: string): string {
  return text.replace(/^(\/\*!50106 DROP EVENT IF EXISTS `(?:[^`]|``)+` \*\/;);?/m, '$1');
}

function withoutFrame(text: string): string {
  return text.replace('/*!50106 SET @save_time_zone= @@TIME_ZONE */ ;\n', '').replace(END.slice(1), '');
}
