/** What the statement that makes an event says of its time. */
export interface EventTime {
  /** Its AT or ENDS, as the server prints it, in the event's time zone; undefined: it goes on for ever. */
  readonly last: string | undefined;
  /** It does not outlive that moment (ON COMPLETION NOT PRESERVE). */
  readonly isDropped: boolean;
  readonly status: string;
}

const COMPLETION = / ON COMPLETION (NOT )?PRESERVE (ENABLE|DISABLE(?: ON (?:SLAVE|REPLICA))?)\b/;
const SCHEDULE = new RegExp(
  ` ON SCHEDULE (?:AT '([^']+)'|EVERY .+?(?: STARTS '[^']+')?(?: ENDS '([^']+)')?)${COMPLETION.source}`,
);

/** PURE: reads what SHOW CREATE EVENT, or a dump, says; undefined for any other statement. */
export function eventTimeOf(text: string): EventTime | undefined {
  const found = SCHEDULE.exec(text);
  if (!found) return undefined;
  const [, at, ends, not, status = ''] = found;
  return { last: at ?? ends, isDropped: not !== undefined, status };
}

/**
 * PURE: the statements that make an event as it was, though its time may have come. What is disabled does nothing: made so that
 * it outlives its time, it is changed afterwards, which the servers let pass. One that is enabled is left to the server.
 */
export function eventStatements(text: string): string[] {
  const time = eventTimeOf(text);
  if (!time?.isDropped || time.last === undefined || time.status === 'ENABLE') return [text];
  const head = /^CREATE (DEFINER=.+? )?(EVENT (?:`(?:[^`]|``)+`|"(?:[^"]|"")+"))/s.exec(text);
  if (!head) return [text];
  const [, definer = '', event] = head;
  return [
    text.replace(COMPLETION, ' ON COMPLETION PRESERVE $2'),
    // Without it the definer would become the account that changes it.
    `ALTER ${definer}${event} ON COMPLETION NOT PRESERVE`,
  ];
}
