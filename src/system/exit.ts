import type { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';

export interface Exit {
  /** Undefined when the program could not be started or was ended by a signal. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  /** The last 64 kB of standard error. */
  readonly stderr: string;
  readonly ms: number;
  /** True when the program does not exist or may not be started. */
  readonly failedToStart: boolean;
}

const STDERR_KEPT = 64 * 1024;

/** What Node and execa tell about it. */
export interface Ended {
  exitCode?: number | undefined;
  signal?: string | undefined;
  stdout?: unknown;
  stderr?: unknown;
  shortMessage?: string | undefined;
}

export function toExit(result: Ended, startedMs: number): Exit {
  const failedToStart = result.exitCode === undefined && result.signal === undefined;
  const stderr = typeof result.stderr === 'string' ? result.stderr : '';
  return {
    exitCode: result.exitCode,
    signal: result.signal,
    stdout: typeof result.stdout === 'string' ? result.stdout : '',
    stderr: (stderr || (failedToStart ? (result.shortMessage ?? '') : '')).slice(-STDERR_KEPT),
    ms: performance.now() - startedMs,
    failedToStart,
  };
}

/** A program that was started; undefined `pid` when it could not be. */
type Child = EventEmitter & { readonly pid?: number | undefined };

/** `exit`: the program has ended; `close`: all that it had written is here as well. */
export function whenEnded(child: Child, event: 'exit' | 'close'): Promise<Ended> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      // Else it has been started, and is being ended because it was aborted.
      if (child.pid === undefined) resolve({ shortMessage: error.message });
    });
    child.once(event, (exitCode: number | null, signal: NodeJS.Signals | null) =>
      resolve({ exitCode: exitCode ?? undefined, signal: signal ?? undefined }),
    );
  });
}

/** A group of its own is not ended with ours, so that is done here. */
export function endWithUs(child: {
  readonly pid?: number | undefined;
  once(event: 'exit', listener: () => void): unknown;
}): void {
  const { pid } = child;
  if (pid === undefined) return;
  const end = () => {
    try {
      process.kill(-pid, 'SIGTERM');
    } catch {
      // It has ended meanwhile.
    }
  };
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
}

/** The end of a stream. Read without a limit: a program that warns a lot must not be stopped for it. */
export function keepTail(stream: Readable): () => string {
  let tail = '';
  stream.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-STDERR_KEPT);
  });
  return () => tail;
}
