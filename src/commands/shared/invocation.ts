import type { Hub } from '../../run/hub.ts';
import type { Clock } from '../../system/clock.ts';
import type { Exec } from '../../system/exec.ts';
import type { Http } from '../../system/http.ts';
import type { Look } from '../../terminal/look.ts';
import type { Prompt } from '../../terminal/prompt.ts';

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
  readonly http: Http;
  /** Aborts with an `Interrupted` on Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  readonly prompt: Prompt;
  /** Colours and glyphs that the terminal can show, for what `print` writes. */
  readonly look: Look;
  /** Every event goes through it, to the terminal or as JSON lines as the flags say. */
  readonly hub: Hub;
  /** What was begun beside the command's work: called once its result is known, before its last event. Never rejects. */
  readonly atEnd: (() => Promise<void>)[];
  /** Writes lines of a command's own result to standard output; nothing with `--json`. */
  print(lines: readonly string[]): void;
  /** Writes one object to standard output with `--json`, stamped with `at` and `run`; nothing without. */
  printJson(object: Readonly<Record<string, unknown>>): void;
}
