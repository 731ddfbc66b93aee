import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleProgram } from '../support/bundle.ts';
import { openTerminal, type TerminalOptions } from '../support/pty.ts';
import { deployed } from './fixtures/screens.ts';

let program: string;
beforeAll(async () => {
  program = await bundleProgram(join(import.meta.dirname, 'fixtures/conversation.ts'));
});
afterAll(() => rm(dirname(program), { recursive: true, force: true }));

const ENV = { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8' };

function open(args: string[], options: TerminalOptions = {}) {
  return openTerminal(process.execPath, [program, ...args], { env: ENV, ...options });
}

describe.each(['node-pty', 'script'] as const)('a question on a terminal (%s)', (driver) => {
  test('takes yes and no in full and nothing else', async () => {
    const terminal = await open(['confirm'], { driver });
    await terminal.waitFor('Ready to deploy to PRODUCTION? (yes/no)');
    expect(terminal.screen()).toBe('? Ready to deploy to PRODUCTION? (yes/no)');

    terminal.type('y');
    await terminal.waitFor('(yes/no) y');
    terminal.press('enter');
    await terminal.waitFor('in full.');
    expect(terminal.screen()).toBe('? Ready to deploy to PRODUCTION? (yes/no)\nPlease type yes or no in full.');

    terminal.type('yes');
    await terminal.waitFor('(yes/no) yes');
    terminal.press('enter');
    expect(await terminal.exit).toEqual({ code: 0, signal: undefined });
    expect(terminal.screen()).toBe('? Ready to deploy to PRODUCTION? (yes/no) yes\nanswer: true');
  });

  test('ends with Interrupted on Ctrl-C', async () => {
    const terminal = await open(['confirm'], { driver });
    await terminal.waitFor('(yes/no)');
    terminal.press('ctrl-c');
    expect(await terminal.exit).toEqual({ code: 1, signal: undefined });
    expect(terminal.screen()).toBe('? Ready to deploy to PRODUCTION? (yes/no)\nInterrupted: interrupted by Ctrl-C');
  });
});

describe('a question', () => {
  test.each([
    ['NO', 'false'],
    ['Yes', 'true'],
    [' yes ', 'true'],
  ])('hears %j as %s', async (typed, answer) => {
    const terminal = await open(['confirm']);
    await terminal.waitFor('(yes/no)');
    terminal.type(`${typed}\r`);
    await terminal.exit;
    expect(terminal.screen().split('\n').at(-1)).toBe(`answer: ${answer}`);
  });

  test('takes Ctrl-D for a no', async () => {
    const terminal = await open(['confirm']);
    await terminal.waitFor('(yes/no)');
    terminal.press('ctrl-d');
    expect(await terminal.exit).toEqual({ code: 0, signal: undefined });
    expect(terminal.screen()).toBe('? Ready to deploy to PRODUCTION? (yes/no)\nanswer: false');
  });

  test('is given up on SIGTERM, with the reason of the signal', async () => {
    const terminal = await open(['confirm']);
    await terminal.waitFor('(yes/no)');
    terminal.kill('SIGTERM');
    expect(await terminal.exit).toEqual({ code: 1, signal: undefined });
    expect(terminal.screen()).toBe('? Ready to deploy to PRODUCTION? (yes/no)\nInterrupted: ended by SIGTERM');
  });

  test('is answered by --yes, visibly', async () => {
    const terminal = await open(['confirm', '--yes']);
    await terminal.exit;
    expect(terminal.screen()).toBe('  Ready to deploy to PRODUCTION? (yes/no) yes (--yes)\nanswer: true');
  });

  test('for text offers its default', async () => {
    const terminal = await open(['text']);
    await terminal.waitFor('(askproai_db)');
    terminal.press('enter');
    await terminal.exit;
    expect(terminal.screen()).toBe('? Name of the database askproai_db\nanswer: askproai_db');
  });

  test('for a choice is answered with the arrow keys', async () => {
    const terminal = await open(['choose']);
    await terminal.waitFor('the second');
    terminal.press('down');
    await terminal.waitFor(/❯ the second/);
    terminal.press('enter');
    await terminal.exit;
    expect(terminal.screen()).toBe('? Which one the second\nanswer: b');
  });
});

describe('colour', () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are control characters
  const SGR = /\x1b\[[\d;]*m/;

  async function rawOf(args: string[], env: Record<string, string> = {}) {
    const terminal = await open(['confirm', ...args], { env: { ...ENV, ...env } });
    await terminal.waitFor('(yes/no)');
    terminal.type('no\r');
    await terminal.exit;
    return terminal.raw();
  }

  test('is used on a terminal', async () => expect(await rawOf([])).toMatch(SGR));
  test('is not used with NO_COLOR', async () => expect(await rawOf([], { NO_COLOR: '1' })).not.toMatch(SGR));
  test('is not used with --no-color', async () => expect(await rawOf(['--no-color'])).not.toMatch(SGR));
});

describe('the spinner', () => {
  test('steps aside for a question, and comes back after it', async () => {
    const terminal = await open(['spinner']);
    await terminal.waitFor(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Back up askproai_db/);
    process.kill(terminal.pid, 'SIGUSR2');
    await terminal.waitFor('Continue? (yes/no)');
    expect(terminal.screen()).toBe('  a line above the spinner\n? Continue? (yes/no)');

    process.kill(terminal.pid, 'SIGUSR2');
    terminal.type('yes');
    await terminal.waitFor('(yes/no) yes');
    expect(terminal.screen()).toBe('  a line above the spinner\n? Continue? (yes/no) yes');

    terminal.press('enter');
    await terminal.waitFor(/question was open\n[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Back up askproai_db/);
    process.kill(terminal.pid, 'SIGUSR2');
    expect(await terminal.exit).toEqual({ code: 0, signal: undefined });
    expect(terminal.screen()).toBe(
      [
        '  a line above the spinner',
        '? Continue? (yes/no) yes',
        '  a line that came while the question was open',
        `✔ Back up askproai_db   12.3 MB${' '.repeat(44)}2.1 s`,
        'answer: true',
      ].join('\n'),
    );
  });

  test('says what goes on, and leaves nothing behind', async () => {
    const terminal = await open(['story'], { cols: 120, rows: 50 });
    await terminal.waitFor('Back up askproai_db · 4.0 MB of 12.3 MB · 4.0 MB/s · 2.1 s left');
    await terminal.waitFor('callback_requests · 1 of 2 · CREATE TABLE');
    await terminal.waitFor('callback_requests · 2 of 2 · INSERT');
    await terminal.exit;
    expect(terminal.transcript()).toBe(`${deployed}answer: told`);
  });

  test('is cut to the width of the terminal', async () => {
    const terminal = await open(['story'], { cols: 50, rows: 50 });
    await terminal.waitFor(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Back up askproai_db · 4\.0 MB of 12\.…$/);
    await terminal.exit;
    expect(terminal.transcript()).not.toContain('…');
  });

  test('leaves Ctrl-C to the program, and the cursor visible', async () => {
    const terminal = await open(['spinner']);
    await terminal.waitFor(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Back up askproai_db/);
    terminal.press('ctrl-c');
    process.kill(terminal.pid, 'SIGUSR2');
    expect(await terminal.exit).toEqual({ code: 1, signal: undefined });
    expect(terminal.screen()).toContain('Interrupted: interrupted by Ctrl-C');
    expect(terminal.raw().lastIndexOf('\x1b[?25h')).toBeGreaterThan(terminal.raw().lastIndexOf('\x1b[?25l'));
  });
});

describe.each([0, 1, 8, 19, 20, 40])('a terminal of %i columns', (cols) => {
  // What node-pty does not take, `stty` does: a serial console and `docker -t` have 0.
  const size = { cols, rows: cols === 0 ? 0 : 24, driver: 'script' } as const;

  test('shows a whole run, and little more', async () => {
    const terminal = await open(['story'], size);
    expect(await terminal.exit).toEqual({ code: 0, signal: undefined });
    const letters = (text: string) => text.replace(/\s/g, '');
    expect(letters(terminal.transcript())).toContain(letters('✔ Deployed 1 migration in 2 m 03 s'));
    expect(letters(terminal.transcript())).toContain('answer:told');
    expect(terminal.raw().length).toBeLessThan(20_000);
  });

  test('asks, and hears the answer', async () => {
    const terminal = await open(['confirm'], size);
    await terminal.waitFor(/\(\s*y\s*e\s*s\s*\/\s*n\s*o\s*\)/);
    terminal.type('yes\r');
    expect(await terminal.exit).toEqual({ code: 0, signal: undefined });
    expect(terminal.transcript().replace(/\s/g, '')).toContain('answer:true');
    expect(terminal.raw().length).toBeLessThan(20_000);
  });
});
