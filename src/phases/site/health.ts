import { describeAnswer, type Patience, waitForStatus } from '../../app/site.ts';
import type { AppConfig } from '../../config/config.ts';
import { ExitCode, Failure } from '../../errors.ts';
import type { Phase } from '../phase.ts';

/** A cold opcode cache or a restarting pool may take a few seconds, a healthy site never takes longer. */
const PATIENCE: Patience = { withinMs: 15_000, requestMs: 3_000, pauseMs: 250 };
/** A site that did not answer before the run either is not expected to begin now. */
const EXCUSED_MS = 3_000;

/** Asks the site, as a visitor would, until it answers as it should. */
export function healthPhase(app: AppConfig, patience: Patience = PATIENCE): Phase<'health'> {
  return {
    async run({ expect, excused }, context) {
      if (app.health === undefined) return 'no health URL configured: the site was not asked';
      const { url } = app.health;
      const withinMs = excused === undefined ? patience.withinMs : Math.min(EXCUSED_MS, patience.withinMs);
      const answer = await waitForStatus(url, expect, { ...patience, withinMs }, context);
      if (answer.status === expect) return `${expect} after ${answer.ms} ms`;
      if ((answer.status ?? 'nothing') === excused) {
        const text = `${url} answers ${describeAnswer(answer)}, not ${expect}, as it did before this run: look at the site`;
        context.report({ type: 'note', level: 'warning', text });
        return `${answer.status ?? 'no answer'}, as before`;
      }
      throw new Failure(
        `${url} should answer ${expect}, but after ${answer.ms} ms it answers ${describeAnswer(answer)}`,
        {
          exitCode: ExitCode.failedChanged,
          production: 'changed',
          state: 'the database is as the steps before this one say; the site does not answer as it should',
          next: 'gateway-migrate rollback',
        },
      );
    },

    // It changes nothing, so asking again is always right.
    probe: async () => 'not-done',
  };
}
