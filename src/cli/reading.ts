import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../config/units.ts';
import { parseGroups, type VerifyGroup } from '../config/verify-groups.ts';
import type { Runs } from './runs.ts';

/** What changes nothing: `doctor`, `status`, `verify`. */
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
    .option('--only <group...>', 'only these groups of checks, e.g. schema tenant orphans', toGroups)
    .option('--junit <file>', 'write the checks as JUnit XML too')
    .option('--budget <duration>', 'how long the search for orphans may take (default: to its end)', toDuration)
    .option('--jobs <n>', 'how many connections search for orphans (default: 2)', toJobs)
    .action(({ only, junit, budget, jobs }) =>
      runs(async (invocation) =>
        (await import('../commands/verify.ts')).verifyCommand({ only, junit, budgetMs: budget, jobs }, invocation),
      ),
    );
  program
    .command('monitor')
    .description('watch the last deploy: logs, database, queries, site, data, disks; ends in a verdict')
    .option('--for <duration>', 'how long (default: 30m)', toDuration)
    .option('--every <duration>', 'how often it looks (default: 5s)', toDuration)
    .option('--run <id>', 'the deploy that is watched (default: the last)')
    .addOption(
      new Option('--on-major <what>', 'default: ask on a terminal, else report').choices(['ask', 'rollback', 'report']),
    )
    .action(({ for: forMs, every: everyMs, run, onMajor }) =>
      runs(async (invocation) =>
        (await import('../commands/monitor.ts')).monitorCommand({ forMs, everyMs, run, onMajor }, invocation),
      ),
    );
}

/** Milliseconds. */
export function toDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('expected a duration such as 90s, 30m or 2h.');
  return ms;
}

function toGroups(text: string, before: readonly VerifyGroup[] = []): readonly VerifyGroup[] {
  const parsed = parseGroups(text);
  if ('complaint' in parsed) throw new InvalidArgumentError(parsed.complaint);
  return [...before, ...parsed.groups];
}

function toJobs(text: string): number {
  if (!/^(?:[1-9]|[1-5]\d|6[0-4])$/.test(text)) throw new InvalidArgumentError('expected a whole number from 1 to 64.');
  return Number(text);
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
