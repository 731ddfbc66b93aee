import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { createProgram } from '../../src/cli.ts';
import { exampleLines } from '../../src/terminal/usage.ts';

/** Its commands are looked at, none is run. */
const PROGRAM = createProgram(
  () => Promise.reject(new Error('no command is run')),
  () => undefined,
);
const ROOT = join(import.meta.dirname, '../..');

/** The README and the pages of docs; decisions and the changelog tell of the past. */
export const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter(
  (name) => name.endsWith('.md') && name !== 'docs/changelog.md',
);

/** Every command line that a page or a `--help` shows, without its comment. */
export function documentedCommands(): string[] {
  const shown = PAGES.flatMap((page) => commandsIn(readFileSync(join(ROOT, page), 'utf8')));
  const helped = everyCommand(PROGRAM).flatMap((words) =>
    exampleLines(words)
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line.startsWith('gateway-migrate ')),
  );
  return [...new Set([...shown, ...helped])].sort();
}

function commandsIn(text: string): string[] {
  const spans = [...text.matchAll(/`(gateway-migrate\s[^`]+)`/g)].map(([, span = '']) => span.replace(/\s+/g, ' '));
  const lines = [...text.matchAll(/^(?: {4,}|\$ )(gateway-migrate .*)$/gm)].map(([, line = '']) =>
    line.replace(/\s+# .*$/, ''),
  );
  return [...spans, ...lines];
}

/** The words of every command: ``, `deploy`, `backup verify`. */
function everyCommand(command: Command, words = ''): string[] {
  return [words, ...command.commands.flatMap((one) => everyCommand(one, `${words} ${one.name()}`.trim()))];
}

/** A command's words and flags as they stand in a code span, `restore --until TIME`, and the page it stands on. */
export function spansOfCommands(): { page: string; span: string; command: Command; flags: string[] }[] {
  return PAGES.flatMap((page) =>
    [...readFileSync(join(ROOT, page), 'utf8').matchAll(/`([a-z][^`\n]*?)`/g)].flatMap(([, span = '']) => {
      const command = commandOf(PROGRAM, span.replace(/^gateway-migrate /, '').split(/\s+/));
      const flags = [...span.matchAll(/(?<=\s)--[a-z][a-z-]*/g)].map(([flag]) => flag);
      return command && flags.length > 0 ? [{ page, span, command, flags }] : [];
    }),
  );
}

function commandOf(program: Command, [first = '', second = '']: readonly string[]): Command | undefined {
  const found = program.commands.find((one) => one.name() === first);
  return found?.commands.find((one) => one.name() === second) ?? found;
}

/** The flags that a command takes, those of every command with them. */
export function flagsOf(command: Command): string[] {
  const own = command.options.map(({ long }) => long ?? '');
  return [...own, '--help', ...(command.parent ? flagsOf(command.parent) : [])];
}

/** The first fenced example of a language on a page. */
export function exampleIn(page: string, language: string): string {
  return lineIn(page, new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's'));
}

/** What a pattern's group finds on a page. */
export function lineIn(page: string, pattern: RegExp): string {
  const found = pattern.exec(readFileSync(join(ROOT, page), 'utf8'))?.[1];
  if (found === undefined) throw new Error(`${page} has nothing like ${pattern}`);
  return found;
}
