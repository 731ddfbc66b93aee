import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { ExitCode, type Failure, Interrupted } from '../../src/errors.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { plainLook } from '../../src/terminal/look.ts';
import { inquirerPrompt, unattendedPrompt } from '../../src/terminal/prompt.ts';

async function failureOf(asked: Promise<unknown>): Promise<Failure> {
  return asked.then(
    () => expect.fail('it was answered'),
    (error: Failure) => error,
  );
}

describe('without a terminal', () => {
  test('a question is refused, and the refusal names --yes', async () => {
    const failure = await failureOf(unattendedPrompt(false).confirm('Continue?'));
    expect(failure.message).toBe('there is no terminal to ask "Continue? (yes/no)", and --yes was not given');
    expect(failure.state).toBe('nothing was started, production is unchanged');
    expect(failure.next).toBe('run the command again with --yes');
    expect(failure.exitCode).toBe(ExitCode.refused);
  });

  test('--yes answers, and it is reported', async () => {
    const events: RunEvent[] = [];
    const prompt = unattendedPrompt(true, (event) => events.push(event));
    expect(await prompt.confirm('Continue?')).toBe(true);
    expect(await prompt.text('Name', 'askproai_db')).toBe('askproai_db');
    expect(await prompt.choose('Which', [{ value: 'a', label: 'the first' }])).toBe('a');
    expect(events).toEqual([
      { type: 'note', level: 'info', text: 'Continue? (yes/no) yes (--yes)' },
      { type: 'note', level: 'info', text: 'Name askproai_db (--yes)' },
      { type: 'note', level: 'info', text: 'Which a (--yes)' },
    ]);
  });

  test('--yes cannot make up a text', async () => {
    const failure = await failureOf(unattendedPrompt(true).text('Name'));
    expect(failure.message).toBe('there is no terminal to ask "Name"');
    expect(failure.next).toBe('run the command in a terminal');
  });
});

describe('with input that is piped', () => {
  function piped(signal = new AbortController().signal) {
    const input = new PassThrough();
    const events: RunEvent[] = [];
    const prompt = inquirerPrompt({
      input,
      output: new PassThrough().resume(),
      look: plainLook,
      isInteractive: true,
      assumeYes: false,
      signal,
      onOpen: () => undefined,
      onClose: () => undefined,
      report: (event) => events.push(event),
    });
    return { input, prompt, events };
  }

  test('its end is a no', async () => {
    const { input, prompt, events } = piped();
    const answer = prompt.confirm('Continue?');
    input.end();
    expect(await answer).toBe(false);
    expect(events).toEqual([{ type: 'note', level: 'debug', text: 'Continue? (yes/no) no (end of input)' }]);
  });

  test('a yes is told to the log', async () => {
    const { input, prompt, events } = piped();
    const answer = prompt.confirm('Continue?');
    input.write('yes\r');
    expect(await answer).toBe(true);
    expect(events).toEqual([{ type: 'note', level: 'debug', text: 'Continue? (yes/no) yes' }]);
  });

  test('a text is not: it may be a secret', async () => {
    const { input, prompt, events } = piped();
    const answer = prompt.text('Password');
    input.write('hunter22\r');
    expect(await answer).toBe('hunter22');
    expect(events).toEqual([]);
  });

  test('its end interrupts a question that has no no', async () => {
    const { input, prompt } = piped();
    const answer = prompt.text('Name');
    input.end();
    await expect(answer).rejects.toEqual(new Interrupted('SIGINT'));
  });

  test('a signal that came before ends it at once', async () => {
    const reason = new Interrupted('SIGTERM');
    await expect(piped(AbortSignal.abort(reason)).prompt.confirm('Continue?')).rejects.toBe(reason);
  });
});
