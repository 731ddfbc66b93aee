import { quoteName } from '../../mysql/quote.ts';
import { diffSnapshots, formatDifferences } from '../diff.ts';
import type { Index, Snapshot, TableShape } from '../types.ts';
import type { Check } from './check.ts';
import type { TenantRule } from './tenant.ts';

/** One check a table that must be there. */
export function checkTablesExist(snapshot: Snapshot, group: string, tables: readonly string[]): Check[] {
  return tables.map((table) => {
    const ok = snapshot.objects.has(`table:${table}`);
    const detail = ok ? 'it is there' : `${snapshot.database} has no table ${table}`;
    return { group, name: `table ${table} exists`, ok, level: 'error', detail };
  });
}

/** An index that must be there, whatever its name. */
export interface RequiredIndex {
  readonly table: string;
  readonly columns: readonly string[];
  readonly unique: boolean;
}

/**
 * One check a required index. A unique one must be of exactly these columns; another serves as well when more columns
 * follow. A table that a pending migration may still make is only warned of.
 */
export function checkIndexesExist(snapshot: Snapshot, required: readonly RequiredIndex[]): Check[] {
  return required.map(({ table, columns, unique }) => {
    const kind = unique ? 'UNIQUE INDEX' : 'INDEX';
    const about = {
      group: 'required indexes',
      name: `${table} has ${unique ? 'a unique' : 'an'} index (${columns.join(', ')})`,
    };
    const shape = snapshot.objects.get(`table:${table}`)?.table;
    if (!shape) return { ...about, ok: false, level: 'warning', detail: `${snapshot.database} has no table ${table}` };
    const serving = shape.indexes.filter((index) => (unique ? isUniqueOf(index, columns) : beginsWith(index, columns)));
    if (serving.length > 0) {
      return { ...about, ok: true, level: 'error', detail: serving.map((index) => index.name).join(', ') };
    }
    return {
      ...about,
      ok: false,
      level: 'error',
      detail: unique ? 'no unique index is of these columns alone' : 'no index begins with these columns in this order',
      remedy: `ALTER TABLE ${quoteName(table)} ADD ${kind} (${columns.map(quoteName).join(', ')})`,
    };
  });
}

function beginsWith({ columns }: Index, wanted: readonly string[]): boolean {
  return wanted.every((column, place) => columns[place]?.replace(/\(\d+\)$/, '') === column);
}

/** Of the beginnings of values it would forbid more than is meant; their order forbids nothing else. */
function isUniqueOf({ isUnique, columns }: Index, wanted: readonly string[]): boolean {
  return isUnique && columns.length === wanted.length && wanted.every((column) => columns.includes(column));
}

/** What each table has, for the table of results. */
export function countParts(snapshot: Snapshot, tables: readonly string[]): Check[] {
  return tables.flatMap((table): Check[] => {
    const shape = snapshot.objects.get(`table:${table}`)?.table;
    if (!shape) return [];
    return [{ group: 'counts', name: table, ok: true, level: 'advice', detail: describeCounts(shape) }];
  });
}

/** `6 tables, 18 foreign keys (6/6 CASCADE), 45 indexes, 0 orphans`: the keys in brackets are those of the tenant. */
export function describeContents(
  snapshot: Snapshot,
  tables: readonly string[],
  tenant: TenantRule | undefined,
  orphans: readonly Check[],
): string {
  const shapes = tables.flatMap((table) => snapshot.objects.get(`table:${table}`)?.table ?? []);
  const keys = shapes.flatMap((shape) => shape.foreignKeys);
  const indexes = shapes.reduce((sum, shape) => sum + shape.indexes.length, 0);
  const ofTenant = keys.filter(({ columns }) => columns.length === 1 && columns[0] === tenant?.column);
  const right = ofTenant.filter(({ onDelete }) => onDelete === tenant?.onDelete).length;
  const rule = ofTenant.length > 0 ? ` (${right}/${ofTenant.length} ${tenant?.onDelete})` : '';
  const broken = orphans.filter(({ ok }) => !ok).length;
  return [
    count(shapes.length, 'table'),
    `${count(keys.length, 'foreign key')}${rule}`,
    count(indexes, 'index', 'indexes'),
    broken === 0 ? '0 orphans' : `${count(broken, 'reference')} with orphans`,
  ].join(', ');
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
