import { quoteQualified } from '../../mysql/quote.ts';
import { toObject } from '../fingerprint.ts';
import { readFacts, type Scope } from '../scope.ts';
import type { SchemaObject } from '../types.ts';

/** MariaDB's sequences in scope, without their next value: it is data. */
export async function readSequences(scope: Scope): Promise<SchemaObject[]> {
  if (scope.flavor.kind !== 'mariadb') return [];
  const names = await readFacts<{ name: string }>(scope, {
    select: { name: 'TABLE_NAME' },
    from: 'TABLES',
    schema: 'TABLE_SCHEMA',
    name: 'TABLE_NAME',
    also: "TABLE_TYPE = 'SEQUENCE'",
  });
  const objects: SchemaObject[] = [];
  for (const { name } of names) {
    const [row] = await scope.session.query<{ 'Create Table': string }>(
      `SHOW CREATE SEQUENCE ${quoteQualified(scope.database, name)}`,
    );
    const options = (row?.['Create Table'] ?? '').replace(/^CREATE SEQUENCE (?:`(?:[^`]|``)*`\.)?`(?:[^`]|``)*` /, '');
    objects.push(toObject('sequence', name, [options]));
  }
  return objects;
}
