import { quoteQualified } from '../../mysql/quote.ts';
import { toObject } from '../fingerprint.ts';
import { readFacts, type Scope } from '../scope.ts';
import { withoutDatabase } from '../text.ts';
import type { SchemaObject } from '../types.ts';

type ViewRow = {
  name: string;
  body: string;
  checkOption: string;
  definer: string;
  security: string;
  clientCharset: string;
  connectionCollation: string;
  algorithm?: string;
};

/** The views in scope. */
export async function readViews(scope: Scope): Promise<SchemaObject[]> {
  const rows = await readFacts<ViewRow>(scope, {
    select: {
      name: 'TABLE_NAME',
      body: 'VIEW_DEFINITION',
      checkOption: 'CHECK_OPTION',
      definer: 'DEFINER',
      security: 'SECURITY_TYPE',
      clientCharset: 'CHARACTER_SET_CLIENT',
      connectionCollation: 'COLLATION_CONNECTION',
      ...(scope.flavor.kind === 'mariadb' ? { algorithm: 'ALGORITHM' } : {}),
    },
    from: 'VIEWS',
    schema: 'TABLE_SCHEMA',
    name: 'TABLE_NAME',
  });
  const objects: SchemaObject[] = [];
  for (const row of rows)
    objects.push(describeView(row, row.algorithm ?? (await readAlgorithm(scope, row.name)), scope));
  return objects;
}

function describeView(row: ViewRow, algorithm: string, scope: Scope): SchemaObject {
  return toObject('view', row.name, [
    `algorithm ${algorithm}`,
    `definer ${row.definer}`,
    `sql security ${row.security}`,
    `check option ${row.checkOption}`,
    `client charset ${row.clientCharset}`,
    `connection collation ${row.connectionCollation}`,
    'as',
    ...selectLines(withoutDatabase(row.body, scope.database)),
  ]);
}

/** MySQL tells the algorithm nowhere but here. A view whose tables are gone still has one. */
async function readAlgorithm(scope: Scope, view: string): Promise<string> {
  const [row] = await scope.session.query<{ 'Create View': string }>(
    `SHOW CREATE VIEW ${quoteQualified(scope.database, view)}`,
  );
  return /^CREATE ALGORITHM=(\w+)/.exec(row?.['Create View'] ?? '')?.[1] ?? 'hidden from this account';
}

/** The server prints a view on one line; a column a line makes a difference readable. */
function selectLines(sql: string): string[] {
  return sql
    .replace(/ AS (`(?:[^`]|``)*`),/g, ' AS $1,\n')
    .split('\n')
    .map((line) => `  ${line}`);
}
