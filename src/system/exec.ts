import { closeSync, openSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { messageOf } from '../errors.ts';
import { type Exit, endWithUs, keepTail, toExit, whenEnded } from './exit.ts';
import { OWNER_ONLY } from './files.ts';
import { closeAll, openNameless } from './nameless.ts';
import { openReusedReads } from './reused-reads.ts';
import type { Secret } from './secret.ts';

/** A program to start. Builders return it, only `Exec` runs it. Secrets never stand in `args` (they show in `ps`). */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string | undefined;
  /** Added to what it inherits of our environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** The variables of our environment that it gets. Default: all. */
  readonly inherits?: readonly string[] | undefined;
  /** Text for its standard input. */
  readonly input?: string | undefined;
  /**
   * What the program may read at `/dev/fd/3`, `/dev/fd/4` …: in neither its arguments nor its environment, and never in
   * a file that has a name while it has content, so that even `kill -9` leaves nothing behind.
   */
  readonly secrets?: readonly Secret[] | undefined;
}

export interface RunOptions {
  /** Its output goes where ours goes, as it comes, instead of into the `Exit`. */
  readonly isShown?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** A program that runs, its output streamed. */
export interface Piped {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Settles when the program has ended; never rejects. `stdout` is empty here. */
  readonly exit: Promise<Exit>;
  kill(): void;
}

/** A program that runs, its output read without making garbage of it. */
export interface Read {
  /** A chunk is valid until the next one is asked for. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Settles when the program has ended; never rejects. `stdout` is empty here. */
  readonly exit: Promise<Exit>;
  kill(): void;
}

/** A program that runs beside us, in a process group of its own: Ctrl-C at the terminal does not reach it. */
export interface Started {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  /** Settles when the program has ended; never rejects. Its output is in the log file, not here. */
  readonly exit: Promise<Exit>;
  kill(signal?: NodeJS.Signals): void;
  /** Lets our process end while the program goes on. */
  letGo(): void;
}

export interface StartOptions {
  /** Its standard output and standard error are appended to this file. */
  readonly logFile: string;
}

/** The one way to start a process. Never throws for a non-zero exit: the caller decides what it means. */
export interface Exec {
  run(command: Command, options?: RunOptions): Promise<Exit>;
  pipe(command: Command, options?: RunOptions): Promise<Piped>;
  /** For output of gigabytes. The program has no standard input. */
  read(command: Command, options?: Pick<RunOptions, 'signal'>): Promise<Read>;
  /** Starts a server. Whoever starts it ends it: nothing else does. */
  start(command: Command, options: StartOptions): Started;
}

const KILL_AFTER_MS = 5_000;

/** The command as a person would type it, for logs and errors. */
export function displayCommand(command: Command): string {
  return [command.file, ...command.args].map(shellWord).join(' ');
}

/** One word of a command line, in quotes where a shell would read something else. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** One sentence about how a program ended, for error messages. */
export function describeExit(command: Command, exit: Exit): string {
  const said = lastLines(exit.stderr) || lastLines(exit.stdout);
  const how = exit.failedToStart
    ? 'could not be started'
    : exit.signal
      ? `was ended by ${exit.signal}`
      : `exited with ${exit.exitCode}`;
  return `\`${displayCommand(command)}\` ${how}${said ? `: ${said}` : ''}`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are control characters
const COLORS = /\x1b\[[\d;]*m/g;

/** Without its colours: where they are told, they would be shown as escapes. */
function lastLines(output: string): string {
  return output.replace(COLORS, '').trim().split('\n').slice(-3).join(' ');
}

export const systemExec: Exec = {
  async run(command, options = {}) {
    const startedMs = performance.now();
    const execa = await loadExeca();
    const inherited = inheritable(command);
    const output = options.isShown ? 'inherit' : 'pipe';
    const running = execa(command.file, command.args, {
      ...settings(command, options),
      stdio: [command.input === undefined ? 'ignore' : 'pipe', output, output, ...inherited],
      ...(command.input === undefined ? {} : { input: command.input }),
      stripFinalNewline: false,
    });
    closeAll(inherited);
    endWithUs(running);
    return toExit(await running, startedMs);
  },

  async pipe(command, options = {}) {
    const startedMs = performance.now();
    const execa = await loadExeca();
    const inherited = inheritable(command);
    const child = execa(command.file, command.args, {
      ...settings(command, options),
      stdio: ['pipe', 'pipe', 'pipe', ...inherited],
      buffer: false,
    });
    closeAll(inherited);
    const readTail = keepTail(child.stderr as Readable);
    return {
      stdin: child.stdin as Writable,
      stdout: child.stdout as Readable,
      exit: child.then(
        (result) => toExit({ ...result, stderr: readTail() }, startedMs),
        (error: unknown) => ({
          exitCode: undefined,
          signal: undefined,
          stdout: '',
          stderr: messageOf(error),
          ms: performance.now() - startedMs,
          failedToStart: true,
        }),
      ),
      kill: () => void child.kill('SIGKILL'),
    };
  },

  async read(command, options = {}) {
    const startedMs = performance.now();
    const { writeEnd, chunks } = await openReusedReads();
    const inherited = inheritable(command);
    // Not execa, which would read the program's output itself and write it into the socket.
    const { spawn } = process.getBuiltinModule('node:child_process');
    const child = spawn(command.file, command.args, {
      cwd: command.cwd,
      env: environmentOf(command),
      stdio: ['ignore', writeEnd, 'pipe', ...inherited],
      detached: true,
      killSignal: 'SIGKILL',
      ...(options.signal ? { signal: options.signal } : {}),
    });
    writeEnd.destroy();
    closeAll(inherited);
    endWithUs(child);
    const readTail = keepTail(child.stderr as Readable);
    return {
      chunks,
      exit: whenEnded(child, 'close').then((ended) => toExit({ ...ended, stderr: readTail() }, startedMs)),
      kill: () => void child.kill('SIGKILL'),
    };
  },

  start(command, options) {
    const startedMs = performance.now();
    // A file of its own rather than a pipe through us: the program may outlive this process.
    const log = openSync(options.logFile, 'a', OWNER_ONLY);
    // Loaded with the first server: commands that start none answer sooner without it.
    const { spawn } = process.getBuiltinModule('node:child_process');
    const child = spawn(command.file, command.args, {
      cwd: command.cwd,
      env: environmentOf(command),
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    return {
      pid: child.pid,
      exit: whenEnded(child, 'exit').then((ended) => toExit(ended, startedMs)),
      kill: (signal = 'SIGKILL') => void child.kill(signal),
      letGo: () => child.unref(),
    };
  },
};

/** Loaded with the first program: commands that start none answer sooner without it. */
async function loadExeca() {
  return (await import('execa')).execa;
}

/** Execa takes any descriptor; its types name only the first few. */
function inheritable(command: Command): 3[] {
  return openNameless(command.secrets ?? []) as 3[];
}

function environmentOf({ env, inherits }: Command): NodeJS.ProcessEnv {
  const ours = Object.entries(process.env);
  const inherited = inherits ? ours.filter(([name]) => inherits.includes(name)) : ours;
  return { ...Object.fromEntries(inherited), ...env };
}

function settings(command: Command, options: RunOptions) {
  return {
    reject: false,
    // Ctrl-C at the terminal goes to every process of our group: it would end the very program that brings the site up.
    detached: true,
    ...(command.cwd ? { cwd: command.cwd } : {}),
    env: environmentOf(command),
    extendEnv: false,
    ...(options.signal ? { cancelSignal: options.signal } : {}),
    ...(options.timeoutMs ? { timeout: options.timeoutMs } : {}),
    forceKillAfterDelay: KILL_AFTER_MS,
  } as const;
}
