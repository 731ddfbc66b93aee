import { ExitCode, Failure, refusal } from '../errors.ts';
import { compareVersions } from '../migrations/file-name.ts';
import { findMigration, selectUpTo } from '../migrations/pending.ts';
import type { ForeignTool } from '../preflight/foreign/history.ts';
import { requireWritable } from '../preflight/read-only.ts';
import type { Standing } from '../preflight/standing.ts';
import { ofTool, type TakeOver, takeOver } from './baseline/take-over.ts';
import { unfinishedRefusal } from './resume.ts';
import { beginLogged } from './shared/begin.ts';
import type { Invocation } from './shared/invocation.ts';
import { requireFree, showStanding } from './shared/preflight.ts';
import { DONE, withRun } from './shared/with-run.ts';

export interface BaselineOptions {
  readonly from?: ForeignTool | undefined;
  readonly to?: string | undefined;
  /** Note them although production is not what the files make. */
  readonly allowDifferences: boolean;
}

/** Notes migrations as applied that another tool, or a person, has applied. No statement of them is run. */
export function baselineCommand(options: BaselineOptions, invocation: Invocation): Promise<ExitCode> {
  return withRun('baseline', invocation, async () => {
    const config = await beginLogged('baseline', invocation);
    const standing = await showStanding(config, invocation);
    requireFree(standing);
    if (standing.unfinished) throw unfinishedRefusal(standing.unfinished);
    await requireWritable(standing.server);
    const chosen = chooseWhat(options, standing, invocation);
    if (chosen === undefined) return DONE;
    const taken = await takeOver(chosen, { config, standing, ...options }, invocation);
    const pending = standing.status.pending.map(({ version }) => version).filter((version) => !taken.includes(version));
    return { ...DONE, applied: taken, pending };
  });
}

/** Undefined, and told: everything that is meant has a row in the history already. */
function chooseWhat({ from, to }: BaselineOptions, standing: Standing, { hub }: Invocation): TakeOver | undefined {
  const claims = standing.claims.filter(({ history }) => from === undefined || history.tool === from);
  if (to === undefined && claims.length === 0) requireAny(from, standing);
  const chosen = to === undefined ? ofTool(onlyOne(claims)) : upTo(to, standing);
  if (chosen !== undefined && chosen.migrations.length > 0) return chosen;
  hub.report({ type: 'note', level: 'info', text: 'nothing to take over: all of that is noted already' });
  return undefined;
}

function upTo(to: string, { migrations, status }: Standing): TakeOver {
  const last = findMigration(migrations, to);
  return {
    who: `--to ${last.version}`,
    command: `gateway-migrate baseline --to ${last.version}`,
    migrations: selectUpTo(status.pending, last).toSorted((a, b) => compareVersions(a.version, b.version)),
  };
}

function onlyOne(claims: Standing['claims']): Standing['claims'][number] | undefined {
  if (claims.length <= 1) return claims[0];
  const tools = claims.map(({ history }) => history.tool);
  throw refusal(
    `${tools.join(' and ')} have noted pending migrations here`,
    tools.map((tool) => `gateway-migrate baseline --from ${tool}`).join(', or '),
  );
}

/** Nothing is claimed: an empty history and none at all are two things. */
function requireAny(from: ForeignTool | undefined, { foreign }: Standing): void {
  if (foreign.some(({ tool }) => from === undefined || tool === from)) return;
  throw new Failure(
    from === undefined
      ? 'no history of another tool is in this database'
      : `no history of ${from} is in this database${found(foreign)}`,
    {
      exitCode: ExitCode.usage,
      production: 'unchanged',
      state: 'nothing was started, production is unchanged',
      next: 'gateway-migrate baseline --to VERSION (the last one that is applied)',
    },
  );
}

function found(foreign: Standing['foreign']): string {
  return foreign.length === 0 ? '' : `, but one of ${foreign.map(({ tool }) => tool).join(', ')}`;
}
