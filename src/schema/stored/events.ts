import { toObject } from '../fingerprint.ts';
import { readFacts, type Scope } from '../scope.ts';
import { bodyLines, quoteText } from '../text.ts';
import type { SchemaObject } from '../types.ts';
import { CIRCUMSTANCES, type CircumstanceRow, describeCircumstances } from './circumstances.ts';

type EventRow = CircumstanceRow & {
  name: string;
  type: 'RECURRING' | 'ONE TIME';
  intervalValue: string | null;
  intervalField: string | null;
  ends: string | null;
  timeZone: string;
  status: string;
  completion: string;
  comment: string;
  body: string | null;
};

/**
 * The events in scope. The moment of a first or only execution is left out: without STARTS the server writes the time
 * of creation there, so that it tells when a statement ran and not what the statement said.
 */
export async function readEvents(scope: Scope): Promise<SchemaObject[]> {
  const rows = await readFacts<EventRow>(scope, {
    select: {
      name: 'EVENT_NAME',
      type: 'EVENT_TYPE',
      intervalValue: 'INTERVAL_VALUE',
      intervalField: 'INTERVAL_FIELD',
      ends: 'ENDS',
      timeZone: 'TIME_ZONE',
      status: 'STATUS',
      completion: 'ON_COMPLETION',
      comment: 'EVENT_COMMENT',
      body: 'EVENT_DEFINITION',
      ...CIRCUMSTANCES,
    },
    from: 'EVENTS',
    schema: 'EVENT_SCHEMA',
    name: 'EVENT_NAME',
  });
  return rows.map((row) =>
    toObject('event', row.name, [
      row.type === 'RECURRING' ? `every ${row.intervalValue} ${row.intervalField}` : 'once',
      row.ends ? `ends ${row.ends}` : undefined,
      `time zone ${row.timeZone}`,
      `status ${row.status}`,
      `on completion ${row.completion}`,
      row.comment ? `comment ${quoteText(row.comment)}` : undefined,
      ...describeCircumstances(row),
      'body',
      ...bodyLines(row.body),
    ]),
  );
}
