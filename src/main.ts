import { commandIn, createProgram, usageExitCode } from './cli.ts';
import { ExitCode, Interrupted, messageOf, STOP_SIGNALS, type StopSignal } from './errors.ts';
import { keepOwnRights } from './system/own-process.ts';
import { visible } from './terminal/visible.ts';

/** The composition root: real ports in, exit code out. The only user of process.exit. */
export async function main(args: readonly string[]): Promise<void> {
  keepOwnRights();
  const closers: (() => void)[] = [];
  const end = (exitCode: number): void => {
    for (const close of closers.splice(0)) close();
    process.exitCode = exitCode;
  };
  process.stdout.on('error', ignoreClosedPipe);
  process.stderr.on('error', ignoreClosedPipe);
  const program = createProgram(async (flags) => {
    const { createInvocation } = await import('./commands/shared/ports.ts');
    return createInvocation(flags, { closers, listen: (tell) => listenForSignals(closers, tell) });
  }, end);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    const usage = usageExitCode(error);
    if (usage === undefined) process.stderr.write(`${visible(messageOf(error))}\n`);
    if (usage === ExitCode.usage && args.includes('--json')) {
      const { reportWrongUsage } = await import('./commands/shared/wrong-usage.ts');
      reportWrongUsage(commandIn(program, args), messageOf(error), (line) => void process.stdout.write(line));
    }
    end(usage ?? ExitCode.failedUnchanged);
  }
  // A stalled connection must not keep a finished command alive.
  if (process.exitCode !== undefined) await flush().then(() => process.exit());
}

/** `gateway-migrate status | head` closes our output early, and a terminal may go away: neither ends a run. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
}

async function flush(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise<void>((done) => stream.write('', () => done()))),
  );
}

/** Signals so close together are one press: `npm run` passes on the Ctrl-C that the terminal has sent us too. */
const SAME_PRESS_MS = 300;

/**
 * The first Ctrl-C, SIGTERM or SIGHUP (the terminal went away) asks the run to stop safely and go back. The second
 * tells what stopping right now would leave behind; the third is obeyed.
 */
function listenForSignals(closers: (() => void)[], tell: (text: string) => void): AbortSignal {
  const controller = new AbortController();
  let presses = 0;
  let lastMs = Number.NEGATIVE_INFINITY;
  const onSignal = (name: StopSignal) => {
    const isSamePress = performance.now() - lastMs < SAME_PRESS_MS;
    lastMs = performance.now();
    if (isSamePress) return;
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
  for (const name of STOP_SIGNALS) process.on(name, onSignal);
  return controller.signal;
}
