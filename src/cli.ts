import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
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
    .showHelpAfterError('nothing was started, production is unchanged\nnext: gateway-migrate --help')
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
  addExamples(program, '');
  return program;
}

type Runs = (act: (invocation: Invocation) => Promise<ExitCode>) => Promise<void>;

function addSetUp(program: Command, runs: Runs): void {
  program
    .command('init')
    .description('ask a few questions and write the configuration file')
    .option('--app <dir>', 'folder of the Laravel application')
    .action((options) =>
      runs(async (invocation) => (await import('./commands/init.ts')).initCommand(options, invocation)),
    );
  program
    .command('new <name>')
    .description('write the next migration file')
    .action((name: string) =>
      runs(async (invocation) => (await import('./commands/new.ts')).newCommand(name, {}, invocation)),
    );
  program
    .command('demo')
    .description('the whole story on a private throwaway server with a realistic gateway database')
    .option('--keep', 'leave the server running and print its connection')
    .action((options: { keep?: boolean }) =>
      runs(async (invocation) =>
        (await import('./commands/demo.ts')).demoCommand({ keep: options.keep ?? false }, invocation),
      ),
    );
}

function addReading(program: Command, runs: Runs): void {
  program
    .command('doctor')
    .description('every preflight check; nothing is changed')
    .action(() => runs(async (invocation) => (await import('./commands/doctor.ts')).doctorCommand(invocation)));
  program
    .command('status')
    .description('applied, pending, changed, missing, an unfinished run')
    .option('--check', 'exit 1 if anything is pending or wrong')
    .action((options: { check?: boolean }) =>
      runs(async (invocation) =>
        (await import('./commands/status.ts')).statusCommand({ check: options.check ?? false }, invocation),
      ),
    );
  program
    .command('verify')
    .description('tables, columns, foreign keys, indexes, tenant rules, orphans, query plans, health')
    .action(() => runs(async (invocation) => (await import('./commands/verify.ts')).verifyCommand(invocation)));
}

function addTelling(program: Command, runs: Runs): void {
  program
    .command('history')
    .description('past runs, newest first')
    .action(() => runs(async (invocation) => (await import('./commands/history.ts')).historyCommand(invocation)));
  program
    .command('report [run]')
    .description('the page of one run (default: the newest), as one HTML file')
    .option('--out <file>', 'write it there')
    .option('--open', 'show it in the browser')
    .action((run: string | undefined, { out, open = false }: { out?: string; open?: boolean }) =>
      runs(async (invocation) => (await import('./commands/report.ts')).reportCommand({ run, out, open }, invocation)),
    );
  program
    .command('notify')
    .description('who is told how a run goes')
    .command('test')
    .description('send a test message over every configured way and say what each answered')
    .action(() =>
      runs(async (invocation) => (await import('./commands/notify/test.ts')).notifyTestCommand(invocation)),
    );
}

function addRehearsal(program: Command, runs: Runs): void {
  program
    .command('test')
    .description('rehearse the pending migrations on a clone of the schema; exit 1 when they are not ready')
    .option('--keep', 'leave the clone there, to be looked at')
    .option('--from-backup [FILE|latest]', 'rehearse on the rows of a backup, not on empty tables; default: the newest')
    .action((options: { keep?: boolean; fromBackup?: string | true }) =>
      runs(async (invocation) =>
        (await import('./commands/test.ts')).testCommand(
          { keep: options.keep ?? false, fromBackup: options.fromBackup === true ? 'latest' : options.fromBackup },
          invocation,
        ),
      ),
    );
}

function addChanging(program: Command, runs: Runs): void {
  program
    .command('deploy')
    .description('back up, take the site down, migrate, verify, bring the site up')
    .option('--no-maintenance', 'leave the site up')
    .option('--skip-backup', 'make no backup first (a mistake cannot be restored)')
    .option('--skip-rehearsal', 'do not ask for a rehearsal first (a mistake shows in production)')
    .option('--dry-run', 'print the plan and its SQL, change nothing')
    .option('--to <version>', 'apply only up to this version')
    .option('--with-saved-rows', 'load back the rows that the last rollback of these migrations saved')
    .addOption(new Option('--on-failure <what>', 'undo, or stop where it is').choices(['undo', 'stop']).default('undo'))
    .action((options) =>
      runs(async (invocation) => {
        const { skipBackup = false, skipRehearsal = false, dryRun = false, withSavedRows = false, ...others } = options;
        const { deployCommand } = await import('./commands/deploy.ts');
        return deployCommand({ ...others, skipBackup, skipRehearsal, dryRun, withSavedRows }, invocation);
      }),
    );
  program
    .command('rollback')
    .description('undo exactly what a run applied (a finished one, or one cut off in the middle)')
    .option('--run <id>', 'the run (default: the last deploy)')
    .option('--steps <n>', 'only its last n migrations', toCount)
    .option('--to <version>', 'only what came after this version')
    .option('--discard-new-rows', 'do not save the rows that will be dropped')
    .option('--no-maintenance', 'leave the site up')
    .action((options) =>
      runs(async (invocation) => {
        const { discardNewRows = false, ...others } = options;
        return (await import('./commands/rollback.ts')).rollbackCommand({ ...others, discardNewRows }, invocation);
      }),
    );
  program
    .command('resume')
    .description('finish a run that was cut off at any point')
    .action(() => runs(async (invocation) => (await import('./commands/resume.ts')).resumeCommand(invocation)));
  program
    .command('restore')
    .description('bring the database back from a backup')
    .option('--backup <file>', 'a backup, or "latest"', 'latest')
    .option('--until <moment>', 'repeat the binary log since then, up to a time or just before a run')
    .option(
      '--in-place',
      'load into the database itself (down as long as that takes); with --table: replace the present ones',
    )
    .option('--no-services', 'do not stop services for the swap')
    .option('--no-maintenance', 'leave the site up')
    .addOption(
      new Option('--table <names...>', 'only these tables, under new names beside the present ones').conflicts('until'),
    )
    .action((options) =>
      runs(async (invocation) => {
        const { inPlace = false, table, ...others } = options;
        if (table) {
          const { restoreTablesCommand } = await import('./commands/restore/tables.ts');
          const { backup, maintenance } = others;
          return restoreTablesCommand({ backup, maintenance, tables: table, inPlace }, invocation);
        }
        return (await import('./commands/restore.ts')).restoreCommand({ ...others, inPlace }, invocation);
      }),
    );
}

function addBackup(program: Command, runs: Runs): void {
  const backup = program.command('backup').description('backups on their own');
  backup
    .command('create')
    .description('back up now')
    .action(() =>
      runs(async (invocation) => (await import('./commands/backup/create.ts')).backupCreateCommand(invocation)),
    );
  backup
    .command('list')
    .description('age, size, server, proof')
    .action(() =>
      runs(async (invocation) => (await import('./commands/backup/list.ts')).backupListCommand(invocation)),
    );
  backup
    .command('verify <file>')
    .description('is the file whole? says exactly what is wrong')
    .action((file: string) =>
      runs(async (invocation) => (await import('./commands/backup/verify.ts')).backupVerifyCommand(file, invocation)),
    );
  backup
    .command('prune')
    .description('remove old backups by the policy of the configuration')
    .action(() =>
      runs(async (invocation) => (await import('./commands/backup/prune.ts')).backupPruneCommand(invocation)),
    );
}

function addExamples(command: Command, words: string): void {
  command.addHelpText('after', () => exampleLines(words));
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

function toCount(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number from 1.');
}

/** What a thrown `CommanderError` means: 0 after `--help` and `--version`, else wrong usage. */
export function usageExitCode(error: unknown): ExitCode | undefined {
  if (!(error instanceof CommanderError)) return undefined;
  return error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
}
