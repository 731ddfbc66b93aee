import { quoteName } from '../../mysql/quote.ts';
import { groupBy } from '../group.ts';
import { readFacts, type Scope } from '../scope.ts';
import { commentSuffix } from '../text.ts';

type PartitionRow = {
  table: string;
  name: string;
  subName: string | null;
  ordinal: number;
  subOrdinal: number | null;
  method: string;
  expression: string | null;
  subMethod: string | null;
  subExpression: string | null;
  description: string | null;
  comment: string | null;
};

/** The partitions of every partitioned table in scope: how it is divided, then one line a partition, in order. */
export async function readPartitions(scope: Scope): Promise<Map<string, string[]>> {
  const rows = await readFacts<PartitionRow>(scope, {
    select: {
      table: 'TABLE_NAME',
      name: 'PARTITION_NAME',
      subName: 'SUBPARTITION_NAME',
      ordinal: 'PARTITION_ORDINAL_POSITION',
      subOrdinal: 'SUBPARTITION_ORDINAL_POSITION',
      method: 'PARTITION_METHOD',
      expression: 'PARTITION_EXPRESSION',
      subMethod: 'SUBPARTITION_METHOD',
      subExpression: 'SUBPARTITION_EXPRESSION',
      description: 'PARTITION_DESCRIPTION',
      comment: 'PARTITION_COMMENT',
    },
    from: 'PARTITIONS',
    schema: 'TABLE_SCHEMA',
    name: 'TABLE_NAME',
    also: 'PARTITION_NAME IS NOT NULL',
  });
  const lines = new Map<string, string[]>();
  for (const [table, group] of groupBy(rows, (row) => row.table)) lines.set(table, describePartitions(group));
  return lines;
}

function describePartitions(rows: PartitionRow[]): string[] {
  rows.sort((a, b) => Number(a.ordinal) - Number(b.ordinal) || Number(a.subOrdinal) - Number(b.subOrdinal));
  const first = rows[0] as PartitionRow;
  const sub = first.subMethod ? ` subpartition by ${first.subMethod} (${first.subExpression ?? ''})` : '';
  return [
    `partition by ${first.method} (${first.expression ?? ''})${sub}`,
    ...rows.map((row) => {
      const subName = row.subName === null ? '' : ` subpartition ${quoteName(row.subName)}`;
      const values = row.description === null ? '' : ` values ${row.description}`;
      return `partition ${quoteName(row.name)}${subName}${values}${commentSuffix(row.comment)}`;
    }),
  ];
}
