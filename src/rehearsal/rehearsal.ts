import type { Config } from '../config/config.ts';
import type { Migration } from '../migrations/types.ts';
import type { Server } from '../mysql/connect.ts';
import type { Snapshot } from '../schema/types.ts';
import type { Exec } from '../system/exec.ts';

/** What is rehearsed, and on what. */
export interface Rehearsal {
  readonly config: Config;
  readonly production: Server;
  readonly snapshot: Snapshot;
  readonly migrations: readonly Migration[];
  /** Leave the clone there at the end. */
  readonly keep: boolean;
  /** Fills the clone with tables and rows; undefined: its tables are made, and stay empty. */
  readonly loadTables?: ((clone: Server) => Promise<void>) | undefined;
  readonly exec: Exec;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Tells what goes on: wraps one part of the rehearsal. `body` says in a few words how it went. */
  part(id: string, title: string, body: () => Promise<string>): Promise<void>;
}
