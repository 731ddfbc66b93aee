import type { Server } from './mysql/connect.ts';
import type { RunEvent } from './run/events.ts';
import type { Fence } from './run/writers.ts';
import type { Clock } from './system/clock.ts';
import type { Exec } from './system/exec.ts';
import type { Http } from './system/http.ts';

/** Every effect that a phase may have. `main` builds the real one, tests their own. */
export interface Context {
  readonly server: Server;
  readonly exec: Exec;
  readonly http: Http;
  readonly clock: Clock;
  /** Under the lock: what everything begins with on `server` that writes and may outlive this process. */
  readonly fence?: Fence | undefined;
  /** Aborts on Ctrl-C and SIGTERM, and when the lock is lost. */
  readonly signal: AbortSignal;
  report(event: RunEvent): void;
}
