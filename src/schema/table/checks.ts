import { quoteName } from '../../mysql/quote.ts';
import { groupBy } from '../group.ts';
import { readFacts, type Scope } from '../scope.ts';

type CheckRow = { table: string; name: string; clause: string; enforced: string; level: string };

/** The CHECK constraints of every table in scope, one line each, by name. */
export async function readChecks(scope: Scope): Promise<Map<string, string[]>> {
  const rows = await (scope.flavor.kind === 'mysql' ? readOnMySql(scope) : readOnMariaDb(scope));
  const lines = new Map<string, string[]>();
  for (const [table, group] of groupBy(rows, (row) => row.table)) lines.set(table, group.map(describeCheck).sort());
  return lines;
}

/** MySQL keeps the table's name apart from the clause. */
function readOnMySql(scope: Scope): Promise<CheckRow[]> {
  return readFacts<CheckRow>(scope, {
    select: {
      table: 't.TABLE_NAME',
      name: 't.CONSTRAINT_NAME',
      clause: 'c.CHECK_CLAUSE',
      enforced: 't.ENFORCED',
      level: "''",
    },
    from:
      'CHECK_CONSTRAINTS c JOIN information_schema.TABLE_CONSTRAINTS t ON ' +
      "t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME AND t.CONSTRAINT_TYPE = 'CHECK'",
    schema: 't.TABLE_SCHEMA',
    name: 't.TABLE_NAME',
  });
}

function readOnMariaDb(scope: Scope): Promise<CheckRow[]> {
  return readFacts<CheckRow>(scope, {
    select: {
      table: 'TABLE_NAME',
      name: 'CONSTRAINT_NAME',
      clause: 'CHECK_CLAUSE',
      enforced: "'YES'",
      level: 'LEVEL',
    },
    from: 'CHECK_CONSTRAINTS',
    schema: 'CONSTRAINT_SCHEMA',
    name: 'TABLE_NAME',
  });
}

function describeCheck(row: CheckRow): string {
  const level = row.level === 'Column' ? 'column ' : '';
  return `${level}check ${quoteName(row.name)} (${row.clause})${row.enforced === 'NO' ? ' not enforced' : ''}`;
}
