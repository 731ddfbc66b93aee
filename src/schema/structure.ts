import type { Check } from './check.ts';
import { diffSnapshots, formatDifferences } from './diff.ts';
import type { Snapshot, TableShape } from './types.ts';

/** One check a table that must be there. */
export function checkTablesExist(snapshot: Snapshot, group: string, tables: readonly string[]): Check[] {
  return tables.map((table) => {
    const ok = snapshot.objects.has(`table:${table}`);
    const detail = ok ? 'it is there' : `${snapshot.database} has no table ${table}`;
    return { group, name: `table ${table} exists`, ok, level: 'error', detail };
  });
}

/** What each table has, for the table of results. */
export function countParts(snapshot: Snapshot, tables: readonly string[]): Check[] {
  return tables.flatMap((table): Check[] => {
    const shape = snapshot.objects.get(`table:${table}`)?.table;
    if (!shape) return [];
    return [{ group: 'counts', name: table, ok: true, level: 'advice', detail: describeCounts(shape) }];
  });
}

/** Drift: the schema as it is against the schema as it should be. */
export function checkDrift(expected: Snapshot, actual: Snapshot): Check {
  const differences = diffSnapshots(expected, actual);
  const ok = differences.length === 0;
  return {
    group: 'drift',
    name: 'the schema is as expected',
    ok,
    level: 'error',
    detail: ok ? `fingerprint ${actual.fingerprint.slice(0, 12)}` : formatDifferences(differences).join('\n'),
  };
}

function describeCounts(shape: TableShape): string {
  const keys = shape.foreignKeys.map(
    (key) => `${key.columns.join(', ')} → ${key.parentTable} ON DELETE ${key.onDelete}`,
  );
  return (
    `${count(shape.columns.length, 'column')}, ${count(shape.indexes.length, 'index', 'indexes')}, ` +
    `${count(keys.length, 'foreign key')}${keys.length > 0 ? `: ${keys.join('; ')}` : ''}`
  );
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
