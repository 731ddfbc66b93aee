import { quoteName } from '../../mysql/quote.ts';
import { toObject } from '../fingerprint.ts';
import { readFacts, type Scope } from '../scope.ts';
import { bodyLines } from '../text.ts';
import { CLOSING_TRIGGERS, type SchemaObject } from '../types.ts';
import { CIRCUMSTANCES, type CircumstanceRow, describeCircumstances } from './circumstances.ts';

type TriggerRow = CircumstanceRow & {
  name: string;
  table: string;
  timing: string;
  event: string;
  order: number;
  body: string | null;
};

/** The triggers in scope, each with its place among those that fire at the same moment. */
export async function readTriggers(scope: Scope): Promise<SchemaObject[]> {
  const rows = await readFacts<TriggerRow>(scope, {
    select: {
      name: 'TRIGGER_NAME',
      table: 'EVENT_OBJECT_TABLE',
      timing: 'ACTION_TIMING',
      event: 'EVENT_MANIPULATION',
      order: 'ACTION_ORDER',
      body: 'ACTION_STATEMENT',
      ...CIRCUMSTANCES,
    },
    from: 'TRIGGERS',
    schema: 'TRIGGER_SCHEMA',
    name: 'TRIGGER_NAME',
  });
  const others = rows.filter(({ name }) => !name.startsWith(CLOSING_TRIGGERS));
  return others.map((row) =>
    toObject('trigger', row.name, [
      `fires ${row.timing} ${row.event} on ${quoteName(row.table)}, number ${row.order}`,
      ...describeCircumstances(row),
      'body',
      ...bodyLines(row.body),
    ]),
  );
}
