import { type Command, Option } from 'commander';
import { FOREIGN_TOOLS } from '../preflight/foreign/history.ts';
import type { Runs } from './runs.ts';

/** What is typed once: `init`, `baseline`, `new`, `demo`. */
export function addSetUp(program: Command, runs: Runs): void {
  program
    .command('init')
    .description('ask a few questions and write the configuration file')
    .option('--app <dir>', 'folder of the Laravel application')
    .action((options) =>
      runs(async (invocation) => (await import('../commands/init.ts')).initCommand(options, invocation)),
    );
  program
    .command('baseline')
    .description('note migrations as applied that another tool or a person has applied; nothing is run')
    .addOption(new Option('--from <tool>', 'all that this tool has noted').choices(FOREIGN_TOOLS).conflicts('to'))
    .option('--to <version>', 'all up to this version')
    .option('--allow-differences', 'although production is not what the files make')
    .action((options) =>
      runs(async (invocation) => {
        const { allowDifferences = false, ...others } = options;
        return (await import('../commands/baseline.ts')).baselineCommand({ ...others, allowDifferences }, invocation);
      }),
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
