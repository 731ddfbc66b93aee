import { type Command, InvalidArgumentError, Option } from 'commander';
import { toDuration } from './reading.ts';
import type { Runs } from './runs.ts';

/** What changes production: `deploy`, `rollback`, `resume`, `restore`. */
export function addChanging(program: Command, runs: Runs): void {
  program
    .command('deploy')
    .description('back up, take the site down, migrate, verify, bring the site up')
    .option('--no-maintenance', 'leave the site up')
    .option('--skip-backup', 'make no backup first (a mistake cannot be restored)')
    .option('--skip-rehearsal', 'do not ask for a rehearsal first (a mistake shows in production)')
    .option('--dry-run', 'print the plan and its SQL, change nothing')
    .option('--to <version>', 'apply only up to this version')
    .option('--with-saved-rows', 'load back the rows that the last rollback of these migrations saved')
    .option('--monitor [duration]', 'watch it afterwards, for so long (default: 30m)', toDuration)
    .addOption(new Option('--on-failure <what>', 'undo, or stop where it is').choices(['undo', 'stop']).default('undo'))
    .action((options) =>
      runs(async (invocation) => {
        const { skipBackup = false, skipRehearsal = false, dryRun = false, withSavedRows = false } = options;
        const { monitor, ...others } = options;
        const { deployCommand } = await import('../commands/deploy.ts');
        const deploy = { ...others, skipBackup, skipRehearsal, dryRun, withSavedRows };
        const exitCode = await deployCommand(deploy, invocation);
        if (monitor === undefined || exitCode !== 0) return exitCode;
        const { watchDeployed } = await import('../commands/deploy/watch.ts');
        return watchDeployed(monitor === true ? undefined : monitor, invocation);
      }),
    );
  program
    .command('rollback')
    .description('undo exactly what a run applied (a finished one, or one cut off in the middle)')
    .option('--run <id>', 'the run (default: the last deploy)')
    .option('--steps <n>', 'only its last n migrations', toCount)
    .option('--to <version>', 'only what came after this version')
    .option('--discard-new-rows', 'do not save the rows that will be dropped')
    .option('--skip-statement', 'pass over the statement of the way back that the server refused')
    .option('--no-maintenance', 'leave the site up')
    .action((options) =>
      runs(async (invocation) => {
        const { discardNewRows = false, skipStatement = false, ...others } = options;
        const { rollbackCommand } = await import('../commands/rollback.ts');
        return rollbackCommand({ ...others, discardNewRows, skipStatement }, invocation);
      }),
    );
  program
    .command('resume')
    .description('finish a run that was cut off at any point')
    .action(() => runs(async (invocation) => (await import('../commands/resume.ts')).resumeCommand(invocation)));
  program
    .command('restore')
    .description('bring the database back from a backup')
    .option('--backup <file>', 'a backup, or "latest"', 'latest')
    .option('--until <moment>', 'repeat the binary log since then, up to a time or just before a run')
    .addOption(
      new Option(
        '--leave-out <places...>',
        'everything up to now, without these transactions: places in the binary log, or runs',
      ).conflicts(['until', 'table', 'inPlace']),
    )
    .addOption(
      new Option(
        '--flashback <places...>',
        'undo the rows of these transactions in production itself: places in the binary log, or runs',
      ).conflicts(['until', 'table', 'inPlace', 'leaveOut']),
    )
    .addOption(
      new Option(
        '--on-conflict <rule>',
        'what came since: stop and list it, skip its transactions as well, or (--flashback) leave its rows as theirs',
      ).choices(['stop', 'theirs', 'skip']),
    )
    .option(
      '--in-place',
      'load into the database itself (down as long as that takes); with --table: replace the present ones',
    )
    .option('--dry-run', 'show what there is to choose from, and the plan; change nothing')
    .option('--no-services', 'do not stop services for the swap')
    .option('--no-maintenance', 'leave the site up')
    .addOption(
      new Option('--table <names...>', 'only these tables, under new names beside the present ones').conflicts('until'),
    )
    .action((options, command: Command) => {
      requireTogether(options, command);
      return runs(async (invocation) => {
        const { inPlace = false, table, flashback, onConflict = 'stop', dryRun = false, ...others } = options;
        if (flashback) {
          const { flashbackCommand } = await import('../commands/restore/flashback.ts');
          return flashbackCommand({ flashback, onConflict, dryRun, backup: others.backup }, invocation);
        }
        if (table) {
          const { restoreTablesCommand } = await import('../commands/restore/tables.ts');
          const { backup, maintenance } = others;
          return restoreTablesCommand({ backup, maintenance, tables: table, inPlace, dryRun }, invocation);
        }
        return (await import('../commands/restore.ts')).restoreCommand(
          { ...others, onConflict, inPlace, dryRun },
          invocation,
        );
      });
    });
}

/** A flag that means nothing without another one is a slip of the pen. */
function requireTogether({ flashback, leaveOut, onConflict }: Record<string, unknown>, command: Command): void {
  if (flashback !== undefined) return;
  const without = (flag: string, other: string) =>
    command.error(`error: option '${flag}' cannot be used without ${other}`);
  if (onConflict === 'theirs') without('--on-conflict theirs', "'--flashback'");
  if (onConflict !== undefined && leaveOut === undefined) without('--on-conflict', "'--leave-out' or '--flashback'");
}

function toCount(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number from 1.');
}
