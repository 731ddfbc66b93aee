import type { Command } from 'commander';
import type { Runs } from './runs.ts';

/** What is typed once: `init`, `new`, `demo`. */
export function addSetUp(program: Command, runs: Runs): void {
  program
    .command('init')
    .description('ask a few questions and write the configuration file')
    .option('--app <dir>', 'folder of the Laravel application')
    .action((options) =>
      runs(async (invocation) => (await import('../commands/init.ts')).initCommand(options, invocation)),
    );
  program
    .command('new <name>')
    .description('write the next migration file')
    .action((name: string) =>
      runs(async (invocation) => (await import('../commands/new.ts')).newCommand(name, {}, invocation)),
    );
  program
    .command('demo')
    .description('the whole story on a private throwaway server with a realistic gateway database')
    .option('--keep', 'leave the server running and print its connection')
    .action((options: { keep?: boolean }) =>
      runs(async (invocation) =>
        (await import('../commands/demo.ts')).demoCommand({ keep: options.keep ?? false }, invocation),
      ),
    );
}
