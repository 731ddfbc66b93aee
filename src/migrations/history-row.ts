/**
 * - `applying`, `undoing`: begun and not finished; the journal says how far.
 * - `applied`: its up section is in place.
 * - `adopted`: its tables were there before the tool and equal what it would create; never undone by the tool.
 */
export type HistoryState = 'applying' | 'applied' | 'undoing' | 'adopted';

/** One row of gateway_migrate_history. A migration without a row is pending. */
export interface HistoryRow {
  readonly version: string;
  readonly name: string;
  readonly baseName: string;
  readonly checksum: string;
  readonly state: HistoryState;
  readonly run: string;
  /** UTC, `YYYY-MM-DD HH:MM:SS.mmm`. */
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly durationMs: number | null;
  /** The file as it was applied; null when it was too large to keep. */
  readonly text: string | null;
}

/** Checksums of what is applied, by version. */
export function checksums(history: readonly HistoryRow[]): Map<string, string> {
  const applied = history.filter((row) => row.state === 'applied' || row.state === 'adopted');
  return new Map(applied.map((row) => [row.version, row.checksum]));
}
