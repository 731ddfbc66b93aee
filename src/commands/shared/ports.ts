import { createHub } from '../../run/hub.ts';
import { leadingTo } from '../../run/typed.ts';
import { isoWithOffset, systemClock } from '../../system/clock.ts';
import { systemExec } from '../../system/exec.ts';
import { systemHttp } from '../../system/http.ts';
import { keepMemoryOutOfCores, takeEnvironment } from '../../system/own-process.ts';
import { jsonReporter } from '../../terminal/json-lines.ts';
import { createLook } from '../../terminal/look.ts';
import { inquirerPrompt } from '../../terminal/prompt.ts';
import { terminalReporter } from '../../terminal/reporter.ts';
import { terminalTraits } from '../../terminal/traits.ts';
import { jsonText, visibleButColors } from '../../terminal/visible.ts';
import type { GlobalFlags, Invocation } from './invocation.ts';

interface Ending {
  /** To be called before the process ends. */
  readonly closers: (() => void)[];
  /** Aborts when the person at the terminal, or the system, wants us to stop; may `tell` something then. */
  listen(tell: (text: string) => void): AbortSignal;
}

/** The real ports of a command: loaded when one is run, so that `--help` starts without them. */
export function createInvocation(
  flags: GlobalFlags & { readonly color: boolean },
  { closers, listen }: Ending,
): Invocation {
  const stream = flags.json ? process.stderr : process.stdout;
  keepMemoryOutOfCores();
  const env = takeEnvironment();
  const traits = terminalTraits(stream, env, { noColor: !flags.color });
  const phrase = leadingTo(flags.config);
  const screen = terminalReporter({ stream, ...traits, verbose: flags.verbose, quiet: flags.quiet, phrase });
  const writeOut = (text: string) => void process.stdout.write(text);
  const hub = createHub(systemClock, flags.json ? [screen, jsonReporter(writeOut)] : [screen], phrase);
  const signal = listen((text) => hub.report({ type: 'note', level: 'warning', text }));
  closers.push(() => screen.stop());
  const look = createLook(traits);
  const prompt = inquirerPrompt({
    input: process.stdin,
    output: stream,
    look,
    isInteractive: process.stdin.isTTY === true && stream.isTTY === true,
    assumeYes: flags.yes,
    signal,
    onOpen: () => screen.pause(),
    onClose: () => screen.resume(),
    report: hub.report,
  });
  return {
    flags,
    env,
    cwd: process.cwd(),
    clock: systemClock,
    exec: systemExec,
    http: systemHttp,
    signal,
    prompt,
    look,
    hub,
    atEnd: [],
    print: (lines) => {
      if (!flags.json) writeOut(lines.map((line) => `${visibleButColors(phrase(line), traits.color)}\n`).join(''));
    },
    printJson: ({ type, ...rest }) => {
      if (!flags.json) return;
      writeOut(`${jsonText({ type, at: isoWithOffset(systemClock.now()), run: hub.run, ...rest })}\n`);
    },
  };
}
