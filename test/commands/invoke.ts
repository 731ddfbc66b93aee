import type { Invocation } from '../../src/commands/shared/invocation.ts';
import type { StampedEvent } from '../../src/run/events.ts';
import { createHub } from '../../src/run/hub.ts';
import { type Clock, systemClock } from '../../src/system/clock.ts';
import { systemExec } from '../../src/system/exec.ts';
import { systemHttp } from '../../src/system/http.ts';
import { plainLook } from '../../src/terminal/look.ts';
import { type Prompt, unattendedPrompt } from '../../src/terminal/prompt.ts';

/** An invocation as `main` builds it, with what it prints kept. */
export interface Kept {
  readonly invocation: Invocation;
  readonly printed: string[];
  readonly objects: Record<string, unknown>[];
  readonly events: StampedEvent[];
}

interface Given {
  readonly cwd: string;
  readonly env?: Record<string, string>;
  readonly config?: string;
  readonly prompt?: Prompt;
  readonly now?: Date;
}

export function invoke({ cwd, env = {}, config, prompt = unattendedPrompt(false), now }: Given): Kept {
  const clock: Clock = now ? { ...systemClock, now: () => now } : systemClock;
  const printed: string[] = [];
  const objects: Record<string, unknown>[] = [];
  const events: StampedEvent[] = [];
  const invocation: Invocation = {
    flags: { config, json: false, yes: false, verbose: false, quiet: false },
    env,
    cwd,
    clock,
    exec: systemExec,
    http: systemHttp,
    signal: new AbortController().signal,
    prompt,
    look: plainLook,
    hub: createHub(clock, [(event) => void events.push(event)]),
    atEnd: [],
    print: (lines) => void printed.push(...lines),
    printJson: (object) => void objects.push(object),
  };
  return { invocation, printed, objects, events };
}

/** A person who gives these answers in turn; `undefined` takes the default. Questions are kept. */
export function answering(answers: readonly (string | undefined)[], asked: string[] = []): Prompt {
  const left = [...answers];
  const answer = (question: string, fallback?: string) => {
    asked.push(fallback === undefined ? question : `${question} [${fallback}]`);
    return left.shift() ?? fallback ?? '';
  };
  return {
    isInteractive: true,
    confirm: async (question) => answer(question) === 'yes',
    text: async (question, fallback) => answer(question, fallback),
    choose: async () => {
      throw new Error('nothing to choose from');
    },
  };
}
