import { ExitCode } from '../../errors.ts';
import { testMessage } from '../../notify/message.ts';
import { send } from '../../notify/send.ts';
import { isoWithOffset } from '../../system/clock.ts';
import { readConfig } from '../shared/begin.ts';
import type { Invocation } from '../shared/invocation.ts';
import { DONE, withRun } from '../shared/with-run.ts';

/** Sends a test message over every configured way, once, and says what each answered. Exit 1 when one did not take it. */
export function notifyTestCommand(invocation: Invocation): Promise<ExitCode> {
  return withRun('notify test', invocation, async () => {
    const { notify } = await readConfig(invocation);
    const { hub, clock, http, exec } = invocation;
    if (notify.length === 0) {
      hub.report({ type: 'note', level: 'info', text: 'nobody is told: the configuration has no notify' });
      return DONE;
    }
    const at = isoWithOffset(clock.now());
    const attempts = await Promise.all(
      notify.map((target, index) => {
        const message = testMessage({ id: `${hub.run}-test-${index + 1}`, at, words: target }, hub.run);
        return send(target, message, { http, exec });
      }),
    );
    for (const [index, { is, answer }] of attempts.entries()) {
      const name = `notify[${index}] ${notify[index]?.type}`;
      const ok = is === 'delivered';
      hub.report({ type: 'check', group: 'notify', name, ok, level: 'error', detail: `${is}: ${answer}` });
    }
    const failed = attempts.filter(({ is }) => is !== 'delivered').length;
    if (failed === 0) return DONE;
    const error = {
      what: `${failed} of ${attempts.length} messages did not arrive`,
      state: 'production is unchanged by this command',
      next: 'mend what is named above, then: gateway-migrate notify test',
    };
    return { exitCode: ExitCode.finding, production: 'unchanged', error };
  });
}
