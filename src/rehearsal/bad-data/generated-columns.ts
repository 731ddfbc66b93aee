import { quoteName, quoteQualified } from '../../mysql/quote.ts';
import type { Column } from '../../schema/types.ts';
import type { Finding } from '../finding.ts';
import { plainClause } from '../values/check-constraints.ts';
import type { ChangedTable } from './changed-table.ts';
import { rowsFor } from './checks.ts';
import { ask, COUNTED, countRows, type Inquiry } from './inquiry.ts';
import { misfitsOf } from './misfit.ts';

/** Rows for which a new STORED column's expression fails, or gives what the column cannot hold. */
export async function findGeneratedMisfits(inquiry: Inquiry, table: ChangedTable): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const column of table.after.table.columns) {
    const { name, type, generation, isNullable, extra } = column;
    if (generation === undefined || !/STORED/i.test(extra) || table.source(name)?.generation === generation) continue;
    const expression = plainClause(generation);
    const own = quoteQualified(inquiry.database, table.name);
    const from = rowsFor(table, expression, own);
    if (from === undefined) continue;
    const unfit = unfitWhen(column, `(${expression})`);
    const why = 'the server works it out for every row, and refuses the change for the first such row';
    findings.push(
      ...(await ask(inquiry, {
        name: 'generated-value-refused',
        table,
        part: name,
        select:
          unfit === undefined
            ? `COUNT((${expression})) AS n FROM ${from} HAVING n < 0`
            : `COUNT(*) AS n FROM (SELECT 1 FROM ${from} WHERE ${unfit} LIMIT ${COUNTED}) AS found HAVING COUNT(*) > 0`,
        describe: ([row]) => ({
          what: `${name} is ${type}${isNullable ? '' : ' NOT NULL'}, which cannot hold ${expression} of ${countRows(Number(row?.n))} of production`,
          why,
          fix: `mend them first, or give the column another type; they are: SELECT * FROM ${from === own ? quoteName(table.name) : from} WHERE ${unfit}`,
        }),
        describeFailure: (detail) => ({
          what: `${expression}, which ${name} is made of, fails for a row of production: ${detail}`,
          why,
          fix: 'mend such rows first, or write an expression that is NULL for them',
        }),
      })),
    );
  }
  return findings;
}

/** Undefined when any value will do. What an expression's own type is nobody says: texts and numbers are looked at. */
function unfitWhen({ type, isNullable }: Column, value: string): string | undefined {
  const isText = /^(?:var)?(?:char|binary)\b|text$|blob$/.test(type);
  const isNumber = /^(?:\w*int|decimal)\b/.test(type);
  const misfits = isText || isNumber ? misfitsOf(isText ? 'longtext' : 'double', type, value) : [];
  const refused = misfits.filter(({ outcome }) => outcome === 'refused').map(({ condition }) => condition);
  const conditions = [...(isNullable ? [] : [`${value} IS NULL`]), ...refused];
  return conditions.length === 0 ? undefined : conditions.join(' OR ');
}
