import type { Command } from 'commander';
import type { Runs } from './runs.ts';

/** Backups on their own. */
export function addBackup(program: Command, runs: Runs): void {
  const backup = program.command('backup').description('backups on their own');
  backup
    .command('create')
    .description('back up now')
    .action(() =>
      runs(async (invocation) => (await import('../commands/backup/create.ts')).backupCreateCommand(invocation)),
    );
  backup
    .command('list')
    .description('age, size, server, proof')
    .action(() =>
      runs(async (invocation) => (await import('../commands/backup/list.ts')).backupListCommand(invocation)),
    );
  backup
    .command('verify <file>')
    .description('is the file whole? says exactly what is wrong')
    .action((file: string) =>
      runs(async (invocation) => (await import('../commands/backup/verify.ts')).backupVerifyCommand(file, invocation)),
    );
  backup
    .command('prune')
    .description('remove old backups by the policy of the configuration')
    .action(() =>
      runs(async (invocation) => (await import('../commands/backup/prune.ts')).backupPruneCommand(invocation)),
    );
}
