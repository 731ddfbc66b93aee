import { Command, CommanderError, Option } from 'commander';
import { addBackup } from './cli/backup.ts';
import { addChanging } from './cli/changing.ts';
import { addCompletion } from './cli/completion.ts';
import { addReading, addRehearsal } from './cli/reading.ts';
import { addSetUp } from './cli/set-up.ts';
import { addTelling } from './cli/telling.ts';
import type { GlobalFlags, Invocation } from './commands/shared/invocation.ts';
import { ExitCode } from './errors.ts';
import { exampleLines, harmlessSuggestion } from './terminal/usage.ts';
import { visible } from './terminal/visible.ts';
import { TOOL_VERSION } from './version.ts';

/** Makes an invocation for a command that is really run; `--help` never needs one. */
export type Invoke = (flags: GlobalFlags & { readonly color: boolean }) => Promise<Invocation>;

interface ParsedGlobals {
  config?: string;
  json?: boolean;
  yes?: boolean;
  verbose?: boolean;
  quiet?: boolean;
  color: boolean;
}

/** The command tree: names, flags, help. A command's module is loaded only when it is run. */
export function createProgram(invoke: Invoke, end: (exitCode: ExitCode) => void): Command {
  const program = new Command('gateway-migrate')
    .description('Change a production MySQL or MariaDB database without fear.')
    .version(TOOL_VERSION)
    .option('--config <file>', 'configuration file (default: gateway-migrate.config.yaml, found upward from here)')
    .option('--json', 'one JSON object a line on standard output')
    .option('--yes', 'answer every question with yes')
    .addOption(new Option('--verbose', 'every statement, warnings, stack traces').conflicts('quiet'))
    .option('--quiet', 'only errors and the last line')
    .option('--no-color', 'no colours (NO_COLOR is honoured too)')
    .showHelpAfterError(remedy(''))
    .helpCommand(false)
    .configureOutput({ outputError: (text, write) => write(harmlessSuggestion(visible(text))) })
    .exitOverride();

  /** Runs a command's function with the flags in front of it. */
  function runs(act: (invocation: Invocation) => Promise<ExitCode>): Promise<void> {
    const flags = program.opts<ParsedGlobals>();
    const { config, json = false, yes = false, verbose = false, quiet = false, color } = flags;
    return invoke({ config, json, yes, verbose, quiet, color }).then(act).then(end);
  }

  addSetUp(program, runs);
  addReading(program, runs);
  addTelling(program, runs);
  addRehearsal(program, runs);
  addChanging(program, runs);
  addBackup(program, runs);
  addCompletion(program, end);
  addHelp(program);
  addExamples(program, '');
  return program;
}

/** What stands below an error of usage. `words`: the command's, `backup create`. */
function remedy(words: string): string {
  return `nothing was started, production is unchanged\nnext: ${['gateway-migrate', words, '--help'].filter(Boolean).join(' ')}`;
}

/** Commander's own shows the help of all commands for one that it does not know, and ends as if that had been asked. */
function addHelp(program: Command): void {
  program
    .command('help [command...]')
    .description('display help for command')
    .action((words: readonly string[]) => {
      let found = program;
      for (const word of words) {
        const below = found.commands.find((one) => one.name() === word);
        if (!below) program.error(`error: unknown command '${words.join(' ')}'`, { code: 'commander.unknownCommand' });
        else found = below;
      }
      found.help();
    });
}

function addExamples(command: Command, words: string): void {
  command.addHelpText('after', () => exampleLines(words)).showHelpAfterError(remedy(words));
  for (const below of command.commands) addExamples(below, `${words} ${below.name()}`.trim());
}

/** The words of the command that a command line names, as far as there is one: `backup create`. */
export function commandIn(program: Command, args: readonly string[]): string | null {
  const at = args.findIndex((arg) => program.commands.some((one) => one.name() === arg));
  const found = program.commands.find((one) => one.name() === args[at]);
  if (!found) return null;
  const below = commandIn(found, args.slice(at + 1));
  return below === null ? found.name() : `${found.name()} ${below}`;
}

/** What a thrown `CommanderError` means: 0 after `--help` and `--version`, else wrong usage. */
export function usageExitCode(error: unknown): ExitCode | undefined {
  if (!(error instanceof CommanderError)) return undefined;
  return error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
}
