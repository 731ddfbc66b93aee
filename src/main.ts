import { createProgram, usageExitCode } from './cli.ts';
import type { GlobalFlags, Invocation } from './commands/invocation.ts';
import { ExitCode, Interrupted, messageOf } from './errors.ts';

/** The composition root: real ports in, exit code out. The only user of process.exit. */
export async function main(args: readonly string[]): Promise<void> {
  const closers: (() => void)[] = [];
  const end = (exitCode: number): void => {
    for (const close of closers.splice(0)) close();
    process.exitCode = exitCode;
  };
  process.stdout.on('error', ignoreClosedPipe);
  process.stderr.on('error', ignoreClosedPipe);
  const program = createProgram((flags) => createInvocation(flags, closers), end);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    const usage = usageExitCode(error);
    if (usage === undefined) process.stderr.write(`${messageOf(error)}\n`);
    end(usage ?? ExitCode.failedUnchanged);
  }
  // Idle sockets of a fetch, or a stalled connection, must not keep a finished command alive.
  if (process.exitCode !== undefined) await flush().then(() => process.exit());
}

/** `gateway-migrate status | head` closes our output early; that is no error of ours. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

async function flush(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise<void>((done) => stream.write('', () => done()))),
  );
}

type Flags = GlobalFlags & { readonly color: boolean };

async function createInvocation(flags: Flags, closers: (() => void)[]): Promise<Invocation> {
  const [{ systemExec }, { systemClock }, { createHub }, terminal] = await Promise.all([
    import('./system/exec.ts'),
    import('./system/clock.ts'),
    import('./run/hub.ts'),
    loadTerminal(),
  ]);
  const stream = flags.json ? process.stderr : process.stdout;
  const traits = terminal.terminalTraits(stream, process.env, { noColor: !flags.color });
  const screen = terminal.terminalReporter({ stream, ...traits, verbose: flags.verbose, quiet: flags.quiet });
  const writeOut = (text: string) => void process.stdout.write(text);
  const hub = createHub(systemClock, flags.json ? [screen, terminal.jsonReporter(writeOut)] : [screen]);
  const signal = listenForSignals(closers, (text) => hub.report({ type: 'note', level: 'warning', text }));
  closers.push(() => screen.stop());
  const prompt = terminal.inquirerPrompt({
    input: process.stdin,
    output: stream,
    look: terminal.createLook(traits),
    isInteractive: process.stdin.isTTY === true && stream.isTTY === true,
    assumeYes: flags.yes,
    signal,
    onOpen: () => screen.pause(),
    onClose: () => screen.resume(),
    report: hub.report,
  });
  return {
    flags,
    env: process.env,
    cwd: process.cwd(),
    clock: systemClock,
    exec: systemExec,
    fetch,
    signal,
    prompt,
    hub,
    print: (lines) => {
      if (!flags.json) writeOut(lines.map((line) => `${line}\n`).join(''));
    },
    printJson: (object) => {
      if (flags.json) writeOut(`${JSON.stringify(object)}\n`);
    },
  };
}

async function loadTerminal() {
  const [traits, reporter, look, json, prompt] = await Promise.all([
    import('./terminal/traits.ts'),
    import('./terminal/reporter.ts'),
    import('./terminal/look.ts'),
    import('./terminal/json-lines.ts'),
    import('./terminal/prompt.ts'),
  ]);
  return { ...traits, ...reporter, ...look, ...json, ...prompt };
}

/**
 * The first Ctrl-C or SIGTERM asks the run to stop safely and go back. The second tells what stopping right now would
 * leave behind; the third is obeyed.
 */
function listenForSignals(closers: (() => void)[], tell: (text: string) => void): AbortSignal {
  const controller = new AbortController();
  let presses = 0;
  const onSignal = (name: 'SIGINT' | 'SIGTERM') => {
    presses++;
    if (presses === 1) {
      controller.abort(new Interrupted(name));
      return;
    }
    if (presses === 2) {
      tell(
        'still stopping safely. Stopping right now would leave the run unfinished, the site perhaps in maintenance and the ' +
          'migration half done, until: gateway-migrate resume. Once more, and it stops right now.',
      );
      return;
    }
    for (const close of closers.splice(0)) close();
    process.exit(ExitCode.interrupted);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return controller.signal;
}
