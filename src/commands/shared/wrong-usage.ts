import { ExitCode } from '../../errors.ts';
import type { CommandName } from '../../run/events.ts';
import { createHub } from '../../run/hub.ts';
import { systemClock } from '../../system/clock.ts';
import { jsonReporter } from '../../terminal/json-lines.ts';

/** What `--json` ends with when the command line is wrong; `command` is null where none was named. */
export function reportWrongUsage(command: string | null, message: string, write: (line: string) => void): void {
  const [what = ''] = message.replace(/^error: /, '').split('\n');
  createHub(systemClock, [jsonReporter(write)]).report({
    type: 'run.finished',
    command: command as CommandName,
    result: 'failed',
    exitCode: ExitCode.usage,
    production: 'unchanged',
    ms: 0,
    error: {
      what: what === '(outputHelp)' ? 'no command was given' : what,
      state: 'nothing was started, production is unchanged',
      next: command === null ? 'gateway-migrate --help' : `gateway-migrate ${command} --help`,
    },
  });
}
