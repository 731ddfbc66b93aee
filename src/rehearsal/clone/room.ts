import type { Migration, Statement } from '../../migrations/types.ts';
import type { Snapshot } from '../../schema/types.ts';

/** A new server with its logs. */
const SERVER_BYTES = 250e6;
/** A table without rows, its indexes, and the copy of it while it is rebuilt. */
const TABLE_BYTES = 500e3;

/**
 * Bytes that a server takes for this rehearsal when its tables stay all but empty; undefined when rows may come that
 * nobody can count beforehand: those of a backup, and those that a statement makes out of nothing.
 */
export function roomForEmptyTables(rehearsal: {
  readonly snapshot: Snapshot;
  readonly migrations: readonly Migration[];
  readonly loadTables?: unknown;
}): number | undefined {
  const { snapshot, migrations, loadTables } = rehearsal;
  const statements = migrations.flatMap(({ up, down }) => [...up, ...down]);
  if (loadTables || statements.some(mayMultiply)) return undefined;
  return SERVER_BYTES + (snapshot.objects.size + statements.length) * TABLE_BYTES;
}

/** Rows that are written out in the file are no more than the file. UPDATE and DELETE find nothing to change. */
function mayMultiply({ kind, verb, text }: Statement): boolean {
  if (kind === 'opaque') return true;
  if (kind === 'ddl') return verb.startsWith('CREATE') && /\bTABLE\b[\s\S]*\b(?:SELECT|TABLE)\b/i.test(text);
  return kind === 'dml' && /^(?:INSERT|REPLACE|WITH)/.test(verb) && /\b(?:SELECT|TABLE|WITH)\b/i.test(text);
}
