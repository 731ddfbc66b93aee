import type { Config } from '../config/config.ts';
import { type ExitCode, type Failure, refusal } from '../errors.ts';
import { requireWritable } from '../preflight/read-only.ts';
import type { Standing } from '../preflight/standing.ts';
import type { Unfinished } from '../run/unfinished.ts';
import { rollBackRun } from './rollback.ts';
import { beginLogged } from './shared/begin.ts';
import { declined } from './shared/declined.ts';
import type { Invocation } from './shared/invocation.ts';
import { requireFree, showStanding } from './shared/preflight.ts';
import { resumeRun } from './shared/resume-run.ts';
import { DONE, type Ending, withRun } from './shared/with-run.ts';

/** Finishes a run that was cut off at any point: forward, or on its way back if it had turned round. */
export function resumeCommand(invocation: Invocation): Promise<ExitCode> {
  return withRun('resume', invocation, async () => {
    const config = await beginLogged('resume', invocation);
    const standing = await showStanding(config, invocation);
    requireFree(standing);
    await requireWritable(standing.server);
    if (!standing.unfinished) {
      invocation.hub.report({ type: 'note', level: 'info', text: 'nothing to finish: no run was cut off' });
      return DONE;
    }
    tellUnfinished(standing.unfinished, invocation);
    if (!(await invocation.prompt.confirm('Finish this run?'))) throw declined();
    return resumeRun(standing.unfinished, config, standing, invocation);
  });
}

/** `deploy` met a run that was cut off: a person chooses, a script is refused. */
export async function offerUnfinished(
  unfinished: Unfinished,
  config: Config,
  standing: Standing,
  invocation: Invocation,
): Promise<Ending> {
  tellUnfinished(unfinished, invocation);
  if (!invocation.prompt.isInteractive) {
    throw unfinishedRefusal(unfinished);
  }
  const answer = await invocation.prompt.choose('A run is unfinished. What now?', [
    { value: 'resume', label: 'resume: finish it' },
    ...(canBeUndone(unfinished) ? [{ value: 'undo' as const, label: 'undo: go back to before it' }] : []),
    { value: 'quit', label: 'quit: leave everything as it is' },
  ]);
  if (answer === 'quit') throw declined();
  return answer === 'resume'
    ? resumeRun(unfinished, config, standing, invocation)
    : rollBackRun(unfinished, config, standing, invocation);
}

/** An undo of rows is one transaction: it is done, or it is finished. */
function canBeUndone({ command, local }: Unfinished): boolean {
  const undoesRows = local?.record.plan.steps.some(({ phase }) => phase === 'flashback') ?? false;
  return command === 'deploy' || (command === 'restore' && !undoesRows);
}

/** Nothing else begins before a run that was cut off has been ended. */
export function unfinishedRefusal(unfinished: Unfinished): Failure {
  return refusal(
    `run ${unfinished.run} (${unfinished.command}) was cut off and is unfinished`,
    canBeUndone(unfinished)
      ? 'gateway-migrate resume (finishes it), or gateway-migrate rollback (undoes it)'
      : 'gateway-migrate resume (finishes it)',
  );
}

function tellUnfinished(unfinished: Unfinished, invocation: Invocation): void {
  const turned = unfinished.local?.progress.turnedBack;
  invocation.hub.report({
    type: 'summary',
    title: 'Unfinished run',
    rows: [
      ['Run', unfinished.run],
      ['Command', unfinished.command],
      ['Started', unfinished.startedAt],
      ['Last', `${unfinished.lastStatement ?? 'nothing was begun'} (${unfinished.outcome})`],
      ['Direction', turned === undefined ? 'forward' : `on the way back after: ${turned}`],
    ],
  });
}
