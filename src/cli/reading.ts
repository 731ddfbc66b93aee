import type { Command } from 'commander';
import type { Runs } from './runs.ts';

/** What changes nothing: `doctor`, `status`, `verify`, `test`. */
export function addReading(program: Command, runs: Runs): void {
  program
    .command('doctor')
    .description('every preflight check; nothing is changed')
    .action(() => runs(async (invocation) => (await import('../commands/doctor.ts')).doctorCommand(invocation)));
  program
    .command('status')
    .description('applied, pending, changed, missing, an unfinished run')
    .option('--check', 'exit 1 if anything is pending or wrong')
    .action((options: { check?: boolean }) =>
      runs(async (invocation) =>
        (await import('../commands/status.ts')).statusCommand({ check: options.check ?? false }, invocation),
      ),
    );
  program
    .command('verify')
    .description('tables, columns, foreign keys, indexes, tenant rules, orphans, query plans, health')
    .action(() => runs(async (invocation) => (await import('../commands/verify.ts')).verifyCommand(invocation)));
}

export function addRehearsal(program: Command, runs: Runs): void {
  program
    .command('test')
    .description('rehearse the pending migrations on a clone of the schema; exit 1 when they are not ready')
    .option('--keep', 'leave the clone there, to be looked at')
    .option('--from-backup [FILE|latest]', 'rehearse on the rows of a backup, not on empty tables; default: the newest')
    .action((options: { keep?: boolean; fromBackup?: string | true }) =>
      runs(async (invocation) =>
        (await import('../commands/test.ts')).testCommand(
          { keep: options.keep ?? false, fromBackup: options.fromBackup === true ? 'latest' : options.fromBackup },
          invocation,
        ),
      ),
    );
}
