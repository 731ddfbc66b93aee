import { quoteName } from '../../mysql/quote.ts';
import { toObject } from '../fingerprint.ts';
import { groupBy } from '../group.ts';
import { readFacts, type Scope } from '../scope.ts';
import { bodyLines, quoteText } from '../text.ts';
import type { SchemaObject } from '../types.ts';
import { CIRCUMSTANCES, type CircumstanceRow, describeCircumstances } from './circumstances.ts';

type RoutineRow = CircumstanceRow & {
  name: string;
  type: 'PROCEDURE' | 'FUNCTION' | 'PACKAGE' | 'PACKAGE BODY';
  deterministic: string;
  dataAccess: string;
  security: string;
  comment: string;
  body: string | null;
};
type ParameterRow = {
  routine: string;
  type: string;
  ordinal: number;
  mode: string | null;
  name: string | null;
  dataType: string;
  collation: string | null;
};

/** The procedures and functions in scope, and MariaDB's packages of them. */
export async function readRoutines(scope: Scope): Promise<SchemaObject[]> {
  const rows = await readRoutineRows(scope);
  if (rows.length === 0) return [];
  const parameters = groupBy(await readParameters(scope), (row) => `${row.type} ${row.routine}`);
  return rows.map((row) =>
    toObject(row.type.toLowerCase() as Lowercase<RoutineRow['type']>, row.name, [
      ...describeParameters(parameters.get(`${row.type} ${row.name}`) ?? []),
      row.deterministic === 'YES' ? 'deterministic' : 'not deterministic',
      `data access ${row.dataAccess}`,
      `sql security ${row.security}`,
      row.comment ? `comment ${quoteText(row.comment)}` : undefined,
      ...describeCircumstances(row),
      'body',
      ...bodyLines(row.body),
    ]),
  );
}

function readRoutineRows(scope: Scope): Promise<RoutineRow[]> {
  return readFacts<RoutineRow>(scope, {
    select: {
      name: 'ROUTINE_NAME',
      type: 'ROUTINE_TYPE',
      deterministic: 'IS_DETERMINISTIC',
      dataAccess: 'SQL_DATA_ACCESS',
      security: 'SECURITY_TYPE',
      comment: 'ROUTINE_COMMENT',
      body: 'ROUTINE_DEFINITION',
      ...CIRCUMSTANCES,
    },
    from: 'ROUTINES',
    schema: 'ROUTINE_SCHEMA',
    name: 'ROUTINE_NAME',
    also: "ROUTINE_TYPE IN ('PROCEDURE', 'FUNCTION', 'PACKAGE', 'PACKAGE BODY')",
  });
}

function readParameters(scope: Scope): Promise<ParameterRow[]> {
  return readFacts<ParameterRow>(scope, {
    select: {
      routine: 'SPECIFIC_NAME',
      type: 'ROUTINE_TYPE',
      ordinal: 'ORDINAL_POSITION',
      mode: 'PARAMETER_MODE',
      name: 'PARAMETER_NAME',
      dataType: 'DTD_IDENTIFIER',
      collation: 'COLLATION_NAME',
    },
    from: 'PARAMETERS',
    schema: 'SPECIFIC_SCHEMA',
    name: 'SPECIFIC_NAME',
  });
}

/** What a function returns is its parameter number 0, on both servers. */
function describeParameters(rows: ParameterRow[]): string[] {
  rows.sort((a, b) => Number(a.ordinal) - Number(b.ordinal));
  return rows.map((row) => {
    const type = `${row.dataType}${row.collation ? ` collate ${row.collation}` : ''}`;
    return row.name === null ? `returns ${type}` : `parameter ${row.mode} ${quoteName(row.name)} ${type}`;
  });
}
