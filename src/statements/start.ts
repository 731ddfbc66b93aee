import type { ObjectId, Snapshot } from '../schema/types.ts';
import { noteIntent } from './journal.ts';
import type { JournalRow } from './row.ts';
import type { Workbench } from './workbench.ts';

/** Notes the schema before a run, once: what a way back has to arrive at. Commits with the first intent. */
export function noteStart(before: Snapshot, rows: readonly JournalRow[], bench: Workbench): void {
  if (rows.some((row) => row.kind === 'start')) return;
  const objects = Object.fromEntries([...before.objects].map(([id, object]) => [id, object.digest]));
  bench.deferred.push(
    noteIntent({
      run: bench.run,
      version: '',
      direction: 'up',
      ordinal: 0,
      digest: before.fingerprint,
      kind: 'start',
      connectionId: bench.work.connectionId,
      evidence: { objects },
      statement: '',
    }),
  );
}

/** Objects that are not as they were before the run; undefined when the run never noted what was before. */
export function differencesFromStart(rows: readonly JournalRow[], now: Snapshot): ObjectId[] | undefined {
  const start = rows.find((row) => row.kind === 'start');
  if (!start) return undefined;
  const ids = new Set([...(Object.keys(start.evidence.objects) as ObjectId[]), ...now.objects.keys()]);
  return [...ids].filter((id) => (start.evidence.objects[id] ?? null) !== (now.objects.get(id)?.digest ?? null)).sort();
}
