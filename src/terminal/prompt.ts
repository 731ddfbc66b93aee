import { Interrupted, refusal } from '../errors.ts';
import type { RunEvent } from '../run/events.ts';
import { listenForEnd } from './end-of-input.ts';
import type { Look } from './look.ts';
import { visible } from './visible.ts';

/** Questions to the person at the terminal. The only user of inquirer. */
export interface Prompt {
  /** False without a terminal: then every question throws a refusal that names `--yes`. */
  readonly isInteractive: boolean;
  /**
   * Asks `question (yes/no)`; true only for the word `yes` typed in full. Anything but yes or no is asked again.
   * With `--yes` it answers itself, and reports that it did.
   */
  confirm(question: string): Promise<boolean>;
  /** One line of text. */
  text(question: string, defaultAnswer?: string): Promise<string>;
  /** One of several; resolves with the choice's value. */
  choose<T extends string>(question: string, choices: readonly { value: T; label: string }[]): Promise<T>;
}

export interface PromptOptions {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly look: Look;
  readonly isInteractive: boolean;
  readonly assumeYes: boolean;
  /** Aborts an open question; it then throws the signal's reason. */
  readonly signal: AbortSignal;
  /** Around every question that is drawn: the live line has to step aside. */
  readonly onOpen: () => void;
  readonly onClose: () => void;
  /** A yes or no, for the log; every answer that `--yes` gave, to be seen. */
  report(event: RunEvent): void;
}

type Question =
  | { type: 'input'; message: string; default?: string; validate?: (answer: string) => true | string }
  | { type: 'select'; message: string; choices: readonly { value: string; name: string }[] };

/** Resolves with undefined at the end of input (Ctrl-D, or a terminal that went away). */
type Ask = (question: Question) => Promise<string | undefined>;

/** Throws `Interrupted` on Ctrl-C; the end of input is a no, and ends every question that has no no. */
export function inquirerPrompt(options: PromptOptions): Prompt {
  return createPrompt(options, (question) => askWithInquirer(question, options));
}

/** Where there is nobody to ask: `--yes` answers, or the question is refused. */
export function unattendedPrompt(assumeYes: boolean, report: (event: RunEvent) => void = () => undefined): Prompt {
  return createPrompt({ isInteractive: false, assumeYes, report }, async () => undefined);
}

type Answering = Pick<PromptOptions, 'isInteractive' | 'assumeYes' | 'report'>;

function createPrompt({ isInteractive, assumeYes, report }: Answering, askPerson: Ask): Prompt {
  const note = (level: 'info' | 'debug', text: string) => report({ type: 'note', level, text });

  /** `given` is what `--yes` says to this question; without one only a person can answer. */
  async function ask(question: Question, given: string | undefined): Promise<string | undefined> {
    if (assumeYes && given !== undefined) {
      note('info', `${question.message} ${given} (--yes)`);
      return given;
    }
    if (!isInteractive) throw noTerminal(question.message, given !== undefined);
    return askPerson(question);
  }

  return {
    isInteractive,
    async confirm(question) {
      const message = `${question} (yes/no)`;
      const answer = await ask({ type: 'input', message, validate: requireWholeWord }, 'yes');
      // Who said yes to what belongs in the log. Other answers do not: one may be a password.
      if (!assumeYes) note('debug', `${message} ${answer ?? 'no (end of input)'}`);
      return answer !== undefined && normalized(answer) === 'yes';
    },
    async text(message, defaultAnswer) {
      const withDefault = defaultAnswer === undefined ? {} : { default: defaultAnswer };
      return orInterrupted(await ask({ type: 'input', message, ...withDefault }, defaultAnswer));
    },
    async choose<T extends string>(message: string, choices: readonly { value: T; label: string }[]) {
      const named = choices.map(({ value, label }) => ({ value, name: label }));
      return orInterrupted(await ask({ type: 'select', message, choices: named }, choices[0]?.value)) as T;
    },
  };
}

function normalized(answer: string): string {
  return answer.trim().toLowerCase();
}

function requireWholeWord(answer: string): true | string {
  return /^(?:yes|no)$/.test(normalized(answer)) || 'Please type yes or no in full.';
}

function orInterrupted(answer: string | undefined): string {
  if (answer === undefined) throw new Interrupted('SIGINT');
  return answer;
}

function noTerminal(message: string, canAssume: boolean) {
  const question = `there is no terminal to ask "${message}"`;
  if (!canAssume) return refusal(question, 'run the command in a terminal');
  return refusal(`${question}, and --yes was not given`, 'run the command again with --yes');
}

async function askWithInquirer(question: Question, options: PromptOptions): Promise<string | undefined> {
  const { input, output, look, signal } = options;
  signal.throwIfAborted();
  const { createPromptModule } = await import('inquirer');
  const end = listenForEnd(input);
  const prompt = createPromptModule({ input, output, signal: AbortSignal.any([signal, end.signal]) });
  options.onOpen();
  try {
    const { answer } = await prompt([{ ...shown(question), name: 'answer', theme: themeOf(look) } as never]);
    return String(answer);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (end.signal.aborted) return undefined;
    if (error instanceof Error && error.name === 'ExitPromptError') throw new Interrupted('SIGINT');
    throw error;
  } finally {
    end.dispose();
    options.onClose();
  }
}

function shown(question: Question): Question {
  const message = visible(question.message);
  if (question.type === 'input') return { ...question, message };
  return { ...question, message, choices: question.choices.map((one) => ({ ...one, name: visible(one.name) })) };
}

/** inquirer's own theme colours without asking NO_COLOR (before Node 22) and ticks a `no` in green. */
function themeOf({ palette }: Look) {
  return {
    prefix: palette.accent('?'),
    validationFailureMode: 'clear',
    spinner: { interval: 1_000, frames: [palette.accent('?')] },
    style: {
      message: palette.strong,
      answer: palette.accent,
      error: (text: string) => palette.warning(text),
      defaultAnswer: (text: string) => palette.quiet(`(${text})`),
      help: palette.quiet,
      highlight: palette.accent,
      key: palette.strong,
      keysHelpTip: () => undefined,
    },
  };
}
