import type { Command } from 'commander';
import type { Runs } from './runs.ts';

/** What was done, and who is told: `history`, `report`, `notify test`. */
export function addTelling(program: Command, runs: Runs): void {
  program
    .command('history')
    .description('past runs, newest first')
    .action(() => runs(async (invocation) => (await import('../commands/history.ts')).historyCommand(invocation)));
  program
    .command('report [run]')
    .description('the page of one run (default: the newest), as one HTML file')
    .option('--out <file>', 'write it there')
    .option('--open', 'show it in the browser')
    .action((run: string | undefined, { out, open = false }: { out?: string; open?: boolean }) =>
      runs(async (invocation) => (await import('../commands/report.ts')).reportCommand({ run, out, open }, invocation)),
    );
  program
    .command('notify')
    .description('who is told how a run goes')
    .command('test')
    .description('send a test message over every configured way and say what each answered')
    .action(() =>
      runs(async (invocation) => (await import('../commands/notify/test.ts')).notifyTestCommand(invocation)),
    );
}
