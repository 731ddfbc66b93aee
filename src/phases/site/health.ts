import { describeAnswer, type Patience, waitForStatus } from '../../app/site.ts';
import type { AppConfig } from '../../config/config.ts';
import { ExitCode, Failure } from '../../errors.ts';
import type { Phase } from '../phase.ts';

/** A cold opcode cache or a restarting pool may take a few seconds, a healthy site never takes longer. */
const PATIENCE: Patience = { withinMs: 15_000, requestMs: 3_000, pauseMs: 250 };

/** Asks the site, as a visitor would, until it answers as it should. */
export function healthPhase(app: AppConfig, patience: Patience = PATIENCE): Phase<'health'> {
  return {
    async run({ expect }, context) {
      if (app.health === undefined) return 'no health URL configured: the site was not asked';
      const { url } = app.health;
      const answer = await waitForStatus(url, expect, patience, context);
      if (answer.status === expect) return `${expect} after ${answer.ms} ms`;
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
