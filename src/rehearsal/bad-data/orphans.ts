import { quoteName, quoteQualified } from '../../mysql/quote.ts';
import { orphanQuery } from '../../schema/checks/orphans.ts';
import type { ForeignKey, Snapshot } from '../../schema/types.ts';
import type { Finding } from '../finding.ts';
import type { ChangedTable } from './changed-table.ts';
import { ask, type Inquiry, samples } from './inquiry.ts';

/** The database that foreign keys without a schema lead to: by its name on the clone, and as it is in production. */
interface OwnSchema {
  readonly name: string;
  readonly production: Snapshot;
}

/** Rows that a new foreign key would have no parent for (error 1452). */
export async function findOrphans(inquiry: Inquiry, table: ChangedTable, own: OwnSchema): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const key of table.after.table.foreignKeys) {
    if (table.before.table.foreignKeys.some((other) => isSame(other, key))) continue;
    const select = selectFor(inquiry, table, key, own);
    if (select === undefined) continue;
    findings.push(
      ...(await ask(inquiry, {
        name: 'orphans-under-foreign-key',
        table,
        part: key.name,
        select,
        describe: (rows) => ({
          what: `${key.columns.join(', ')} of production has values that ${key.parentTable} does not have: ${samples(rows)}`,
          why: 'the server refuses the foreign key with error 1452 for the first such row',
          fix: `mend or remove these rows of ${table.name} first; they are: SELECT ${select}`,
        }),
      })),
    );
  }
  return findings;
}

/** Distinct keys where an index gives them; undefined when nothing can be wrong. */
function selectFor(inquiry: Inquiry, table: ChangedTable, key: ForeignKey, own: OwnSchema): string | undefined {
  const sources = key.columns.map((column) => table.source(column));
  if (sources.includes(undefined)) return selectOfNew(inquiry, table, key);
  const from = quoteQualified(inquiry.database, table.name);
  const columns = sources.map((source) => source?.name ?? '');
  const isOwn = key.parentSchema === own.name;
  if (isOwn && !own.production.objects.has(`table:${key.parentTable}`)) {
    const present = columns.map((column) => `${quoteName(column)} IS NOT NULL`);
    return `${columns.map(quoteName).join(', ')} FROM ${from} WHERE ${present.join(' AND ')} LIMIT 4`;
  }
  const isIndexed = table.before.table.indexes.some((index) =>
    columns.every((column, place) => index.columns[place] === column),
  );
  return orphanQuery(inquiry.database, {
    table: table.name,
    columns,
    parentSchema: isOwn ? inquiry.database : key.parentSchema,
    parentTable: key.parentTable,
    parentColumns: key.parentColumns,
    isIndexed,
  });
}

/** A new column that may not be NULL gets its default in every row, and hardly any parent has that key. */
function selectOfNew(inquiry: Inquiry, table: ChangedTable, key: ForeignKey): string | undefined {
  const isNull = key.columns.some((name) => {
    const column = table.after.table.columns.find((candidate) => candidate.name === name);
    return table.source(name) === undefined && column?.isNullable && column.default === null;
  });
  return isNull ? undefined : `'the default' AS value FROM ${quoteQualified(inquiry.database, table.name)} LIMIT 1`;
}

function isSame(one: ForeignKey, other: ForeignKey): boolean {
  const keyOf = ({ columns, parentTable, parentColumns }: ForeignKey) =>
    [...columns, parentTable, ...parentColumns].join('\n').toLowerCase();
  return keyOf(one) === keyOf(other);
}
