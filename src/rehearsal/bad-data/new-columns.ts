import { quoteQualified } from '../../mysql/quote.ts';
import type { Finding } from '../finding.ts';
import type { ChangedTable } from './changed-table.ts';
import { ask, type Inquiry } from './inquiry.ts';

const DATE = /^(?:date|datetime)\b/;
const SHAPE = /^(?:geometry|geomcollection|(?:multi)?(?:point|linestring|polygon))\b/;
/** Under these modes together the server takes no date that is not one. */
const STRICT = "@@GLOBAL.sql_mode LIKE '%NO_ZERO_DATE%' AND @@GLOBAL.sql_mode LIKE '%STRICT_%'";

/**
 * New columns that are NOT NULL without a default: most types have one of their own (0, an empty text), dates and MySQL's
 * shapes have none, so that the server refuses the column as soon as there is a row.
 */
export async function findColumnsWithoutValue(inquiry: Inquiry, table: ChangedTable): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, type, isNullable, default: value, generation } of table.after.table.columns) {
    if (isNullable || value !== null || generation !== undefined || table.source(name)) continue;
    const isShape = inquiry.flavor.kind === 'mysql' && SHAPE.test(type);
    if (!isShape && !DATE.test(type)) continue;
    const from = quoteQualified(inquiry.database, table.name);
    findings.push(
      ...(await ask(inquiry, {
        name: 'no-value-for-new-column',
        table,
        part: name,
        select: `1 FROM ${from}${isShape ? '' : ` WHERE ${STRICT}`} LIMIT 1`,
        describe: () => ({
          what: `${name} is ${type} NOT NULL without a default, and production has rows`,
          why: 'the server has no value to give them, and refuses the column',
          fix: 'add it as NULL, fill it, then make it NOT NULL in a migration of its own; or give it a DEFAULT',
        }),
      })),
    );
  }
  return findings;
}
