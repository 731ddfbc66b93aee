import { isAtLeast } from '../../mysql/flavor.ts';
import { toObject } from '../fingerprint.ts';
import { readFacts, type Scope } from '../scope.ts';
import { bodyLines, quoteText } from '../text.ts';
import type { SchemaObject } from '../types.ts';

type LibraryRow = { name: string; language: string; sqlMode: string; comment: string; body: string | null };

/** MySQL's libraries in scope: code that routines of other languages import. */
export async function readLibraries(scope: Scope): Promise<SchemaObject[]> {
  if (scope.flavor.kind !== 'mysql' || !isAtLeast(scope.flavor, 9, 2)) return [];
  const rows = await readFacts<LibraryRow>(scope, {
    select: {
      name: 'LIBRARY_NAME',
      language: 'LANGUAGE',
      sqlMode: 'SQL_MODE',
      comment: 'LIBRARY_COMMENT',
      body: 'LIBRARY_DEFINITION',
    },
    from: 'LIBRARIES',
    schema: 'LIBRARY_SCHEMA',
    name: 'LIBRARY_NAME',
  });
  return rows.map((row) =>
    toObject('library', row.name, [
      `language ${row.language}`,
      `sql_mode ${row.sqlMode}`,
      row.comment ? `comment ${quoteText(row.comment)}` : undefined,
      'body',
      ...bodyLines(row.body),
    ]),
  );
}
