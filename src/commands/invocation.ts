import type { Reporter } from '../run/events.ts';
import type { Clock } from '../system/clock.ts';
import type { Exec } from '../system/exec.ts';
import type { Prompt } from '../terminal/prompt.ts';

/** The flags that every command takes. */
export interface GlobalFlags {
  readonly config?: string | undefined;
  readonly json: boolean;
  readonly yes: boolean;
  readonly verbose: boolean;
  readonly quiet: boolean;
}

/** Everything a command is given by `main`: the flags, and a port for every effect. */
export interface Invocation {
  readonly flags: GlobalFlags;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  readonly exec: Exec;
  readonly fetch: typeof fetch;
  /** Aborts with an `Interrupted` on Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  readonly prompt: Prompt;
  /** Terminal or JSON lines, as the flags say. The log file is added when a run is opened. */
  readonly reporters: readonly Reporter[];
  /** Writes a line of a command's own result (`--dry-run` SQL, `status` tables) to standard output. */
  print(line: string): void;
}
