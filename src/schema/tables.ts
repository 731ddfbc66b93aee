import type { Session } from '../mysql/connect.ts';
import { toObject } from './fingerprint.ts';
import { readFacts, type Scope } from './scope.ts';
import { readChecks } from './table/checks.ts';
import { readColumns } from './table/columns.ts';
import { readForeignKeys } from './table/foreign-keys.ts';
import { readIndexes } from './table/indexes.ts';
import { readPartitions } from './table/partitions.ts';
import { readWrittenOnly } from './table/written-only.ts';
import { quoteText } from './text.ts';
import { HISTORY_TABLE, JOURNAL_TABLE, SCRATCH_TABLE, type SchemaObject, type TableShape } from './types.ts';

const IS_TABLE = `TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_NAME NOT IN ('${HISTORY_TABLE}', '${JOURNAL_TABLE}', '${SCRATCH_TABLE}')`;

type TableRow = {
  name: string;
  type: string;
  engine: string | null;
  rowFormat: string | null;
  collation: string | null;
  options: string | null;
  comment: string | null;
  rows: number | string | null;
  dataBytes: number | string | null;
  indexBytes: number | string | null;
};

/**
 * The base tables in scope, without the tool's own two. The counter of AUTO_INCREMENT is data, not schema, and left out.
 * Row and byte counts are the server's estimates; MySQL caches them for a day (`information_schema_stats_expiry`).
 */
export async function readTables(scope: Scope): Promise<SchemaObject[]> {
  const rows = await readTableRows(scope);
  if (rows.length === 0) return [];
  const columns = await readColumns(scope);
  const indexes = await readIndexes(scope);
  const foreignKeys = await readForeignKeys(scope);
  const checks = await readChecks(scope);
  const partitions = rows.some((row) => row.options?.includes('partitioned')) ? await readPartitions(scope) : new Map();
  const isPartlyWritten = (row: TableRow) =>
    row.type === 'SYSTEM VERSIONED' || indexes.get(row.name)?.some((index) => index.shape.type === 'FULLTEXT');
  const written = await readWrittenOnly(
    scope,
    rows.filter(isPartlyWritten).map((row) => row.name),
  );
  return rows.map((row) => {
    const parts = {
      columns: columns.get(row.name) ?? [],
      indexes: indexes.get(row.name) ?? [],
      foreignKeys: foreignKeys.get(row.name) ?? [],
    };
    const described = [...parts.columns, ...parts.indexes, ...parts.foreignKeys].map((part) => part.line);
    const others = [checks, partitions, written].flatMap((lines) => lines.get(row.name) ?? []);
    return toObject('table', row.name, [...optionLines(row), ...described, ...others], shapeOf(row, parts));
  });
}

function readTableRows(scope: Scope): Promise<TableRow[]> {
  return readFacts<TableRow>(scope, {
    select: {
      name: 'TABLE_NAME',
      type: 'TABLE_TYPE',
      engine: 'ENGINE',
      rowFormat: 'ROW_FORMAT',
      collation: 'TABLE_COLLATION',
      options: 'CREATE_OPTIONS',
      comment: 'TABLE_COMMENT',
      rows: 'TABLE_ROWS',
      dataBytes: 'DATA_LENGTH',
      indexBytes: 'INDEX_LENGTH',
    },
    from: 'TABLES',
    schema: 'TABLE_SCHEMA',
    name: 'TABLE_NAME',
    also: IS_TABLE,
  });
}

/** Names of the base tables of a database, but for the tool's own. */
export async function readTableNames(session: Session, database: string): Promise<Set<string>> {
  const rows = await session.query<{ name: string }>(
    `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND ${IS_TABLE}`,
    [database],
  );
  return new Set(rows.map((row) => row.name));
}

function optionLines(row: TableRow): (string | undefined)[] {
  return [
    `engine ${row.engine}`,
    `collation ${row.collation}`,
    `row format ${row.rowFormat}`,
    row.options ? `options ${row.options}` : undefined,
    row.comment ? `comment ${quoteText(row.comment)}` : undefined,
  ];
}

type Parts = {
  readonly [P in 'columns' | 'indexes' | 'foreignKeys']: readonly { readonly shape: TableShape[P][number] }[];
};

function shapeOf(row: TableRow, parts: Parts): TableShape {
  return {
    engine: row.engine ?? '',
    columns: parts.columns.map((part) => part.shape),
    indexes: parts.indexes.map((part) => part.shape),
    foreignKeys: parts.foreignKeys.map((part) => part.shape),
    estimatedRows: Number(row.rows ?? 0),
    estimatedBytes: Number(row.dataBytes ?? 0) + Number(row.indexBytes ?? 0),
  };
}
