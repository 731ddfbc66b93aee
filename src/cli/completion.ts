import { Argument, type Command } from 'commander';
import type { CompletionValues } from '../commands/completion/values.ts';
import type { ExitCode } from '../errors.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** By the flag or the argument that takes them. */
const VALUES: Readonly<Record<string, keyof CompletionValues>> = {
  run: 'runs',
  backup: 'backups',
  file: 'backups',
  'from-backup': 'backups',
  to: 'versions',
  table: 'tables',
};

/**
 * `completion SHELL` prints a script; the script asks the hidden `complete -- WORDS` at every TAB. Flags and commands come
 * from the command tree itself.
 */
export function addCompletion(program: Command, end: (exitCode: ExitCode) => void): void {
  program
    .command('completion')
    .description('a script for the shell that completes commands, flags, runs, backups and versions')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action(async (shell: string) => {
      const { script } = await import('@bomb.sh/tab');
      script(shell, program.name(), program.name());
      end(0);
    });
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const [{ RootCommand }, { readCompletionValues }] = await Promise.all([
        import('@bomb.sh/tab'),
        import('../commands/completion/values.ts'),
      ]);
      const values = await readCompletionValues({ cwd: process.cwd(), env: process.env });
      const root = new RootCommand();
      describe(root, program, values);
      for (const [words, command] of commandsOf(program)) {
        describe(root.command(words, command.description()), command, values);
      }
      root.parse(words);
      end(0);
    });
}

/** Every command that is shown in the help, under all of its words. */
function commandsOf(command: Command, words = ''): [string, Command][] {
  const below = command.createHelp().visibleCommands(command);
  return below.flatMap((one) => {
    const name = `${words} ${one.name()}`.trim();
    return [[name, one] as [string, Command], ...commandsOf(one, name)];
  });
}

interface Described {
  option(name: string, description: string, values?: (offer: Offer) => void): unknown;
  argument(name: string, values?: (offer: Offer) => void, isVariadic?: boolean): unknown;
}
type Offer = (value: string, description: string) => void;

function describe(target: Described, command: Command, values: CompletionValues): void {
  const offering = (name: string, choices: readonly string[] | undefined) => (offer: Offer) => {
    const key = VALUES[name];
    for (const value of choices ?? (key ? values[key] : [])) offer(value, '');
  };
  for (const option of command.createHelp().visibleOptions(command)) {
    const name = option.long?.slice(2);
    if (!name) continue;
    const takesValue = option.required || option.optional;
    if (takesValue) target.option(name, option.description, offering(name, option.argChoices));
    else target.option(name, option.description);
  }
  for (const argument of command.registeredArguments) {
    target.argument(argument.name(), offering(argument.name(), argument.argChoices), argument.variadic);
  }
}
