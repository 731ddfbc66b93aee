import { spawn as spawnProcess } from 'node:child_process';
import { constants } from 'node:os';
import { Screen } from './screen.ts';

export interface TerminalOptions {
  readonly cols?: number;
  readonly rows?: number;
  /** The whole environment; default: this process's, without what says that it is a build server. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** `script` (util-linux) is taken where node-pty has no binary for the platform. */
  readonly driver?: 'node-pty' | 'script';
}

export type Key = 'enter' | 'ctrl-c' | 'ctrl-d' | 'up' | 'down' | 'backspace' | 'tab' | 'escape';

export interface Exited {
  readonly code: number;
  readonly signal: NodeJS.Signals | undefined;
}

/** A program on a real pseudo-terminal. */
export interface Terminal {
  readonly pid: number;
  /** Resolves when everything shown so far contains the text; rejects when the program ends without it. */
  waitFor(expected: string | RegExp, withinMs?: number): Promise<void>;
  type(text: string): void;
  press(key: Key): void;
  /** What is visible now. */
  screen(): string;
  /** Everything shown since the start, with what has scrolled away. */
  transcript(): string;
  /** All bytes received, control sequences included. */
  raw(): string;
  kill(signal?: NodeJS.Signals): void;
  readonly exit: Promise<Exited>;
}

const KEYS: Record<Key, string> = {
  enter: '\r',
  'ctrl-c': '\x03',
  'ctrl-d': '\x04',
  up: '\x1b[A',
  down: '\x1b[B',
  backspace: '\x7f',
  tab: '\t',
  escape: '\x1b',
};

const WAIT_MS = 20_000;

/** Either driver, as seen from here. */
interface Driver {
  readonly pid: number;
  onData(listener: (data: string) => void): void;
  onExit(listener: (exited: Exited) => void): void;
  write(data: string): void;
  kill(signal: NodeJS.Signals): void;
}

interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly cols: number;
  readonly rows: number;
  readonly cwd: string;
  readonly env: Record<string, string>;
}

export async function openTerminal(
  file: string,
  args: readonly string[],
  options: TerminalOptions = {},
): Promise<Terminal> {
  const { cols = 80, rows = 24, cwd = process.cwd() } = options;
  const env = { ...(options.env ?? ownEnvironment()), TERM: options.env?.TERM ?? 'xterm-256color' };
  const launch: Launch = { file, args, cols, rows, cwd, env };
  const driver = await startDriver(launch, options.driver);
  return attach(driver, new Screen(cols || 80, rows || 24));
}

async function startDriver(launch: Launch, wanted: TerminalOptions['driver']): Promise<Driver> {
  if (wanted === 'script') return startScript(launch);
  try {
    return await startNodePty(launch);
  } catch (error) {
    if (wanted === 'node-pty') throw error;
    return startScript(launch);
  }
}

function attach(driver: Driver, screen: Screen): Terminal {
  let raw = '';
  const waiting = new Waiting(screen);
  driver.onData((data) => {
    raw += data;
    screen.write(data);
    waiting.check();
  });
  const exit = new Promise<Exited>((resolve) => {
    driver.onExit((exited) => {
      waiting.check(exited);
      resolve(exited);
    });
  });
  return {
    pid: driver.pid,
    waitFor: (expected, withinMs = WAIT_MS) => waiting.waitFor(expected, withinMs),
    type: (text) => driver.write(text),
    press: (key) => driver.write(KEYS[key]),
    screen: () => screen.text(),
    transcript: () => screen.transcript(),
    raw: () => raw,
    kill: (signal = 'SIGTERM') => driver.kill(signal),
    exit,
  };
}

/** Those who wait for something to be shown. */
class Waiting {
  readonly #screen: Screen;
  readonly #checks = new Set<() => void>();
  #exited: Exited | undefined;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** To be called when something was shown, or the program ended. */
  check(exited?: Exited): void {
    this.#exited ??= exited;
    for (const check of [...this.#checks]) check();
  }

  waitFor(expected: string | RegExp, withinMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (problem?: string) => {
        clearTimeout(timer);
        this.#checks.delete(check);
        if (problem === undefined) resolve();
        else reject(new Error(`${problem} without showing ${expected}. It showed:\n${this.#screen.transcript()}`));
      };
      const timer = setTimeout(() => settle(`the program ran for ${withinMs} ms`), withinMs);
      const check = () => {
        if (this.#isShown(expected)) settle();
        else if (this.#exited) settle(`the program ended with ${this.#exited.signal ?? this.#exited.code}`);
      };
      this.#checks.add(check);
      check();
    });
  }

  #isShown(expected: string | RegExp): boolean {
    const shown = this.#screen.transcript();
    return typeof expected === 'string' ? shown.includes(expected) : expected.test(shown);
  }
}

async function startNodePty({ file, args, ...rest }: Launch): Promise<Driver> {
  const { spawn } = await import('@lydell/node-pty');
  const pty = spawn(file, [...args], { name: rest.env.TERM ?? 'xterm', ...rest });
  return {
    pid: pty.pid,
    onData: (listener) => void pty.onData(listener),
    onExit: (listener) => void pty.onExit(({ exitCode, signal }) => listener(toExited(exitCode, signal ?? 0))),
    write: (data) => pty.write(data),
    kill: (signal) => pty.kill(signal),
  };
}

/** util-linux's `script` gives its child a terminal and passes our pipe on as the keyboard. */
function startScript({ file, args, cols, rows, cwd, env }: Launch): Driver {
  const quoted = [file, ...args].map((part) => `'${part.replaceAll("'", "'\\''")}'`).join(' ');
  const command = `stty cols ${cols} rows ${rows}; exec ${quoted}`;
  const child = spawnProcess('script', ['-qefc', command, '/dev/null'], {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdout.setEncoding('utf8');
  return {
    pid: child.pid ?? 0,
    onData: (listener) => void child.stdout.on('data', listener),
    // `close`, not `exit`: the last output is read by then. script reports a signal as 128 + its number.
    onExit: (listener) =>
      void child.on('close', (code) => listener(toExited(code ?? 1, Math.max(0, (code ?? 1) - 128)))),
    write: (data) => void child.stdin.write(data),
    kill: (signal) => void child.kill(signal),
  };
}

function toExited(code: number, signalNumber: number): Exited {
  const names = Object.entries(constants.signals) as [NodeJS.Signals, number][];
  return { code, signal: names.find(([, number]) => number === signalNumber)?.[0] };
}

function ownEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(?:CI|NO_COLOR|FORCE_COLOR|COLUMNS|VITEST.*|NODE_ENV|TEST)$/.test(entry[0]),
  );
  return Object.fromEntries(entries);
}
