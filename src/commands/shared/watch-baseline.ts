import type { Config } from '../../config/config.ts';
import { messageOf } from '../../errors.ts';
import type { Migration } from '../../migrations/types.ts';
import type { Plan } from '../../plan/step.ts';
import { versionsOf } from '../monitor/subject.ts';
import type { Invocation } from './invocation.ts';
import { verifyScopeOf } from './verify-scope.ts';

/** A site or a server that is slow to tell its past must not hold the deploy up. */
const WITHIN_MS = 3_000;

interface Deploy {
  readonly plan: Plan;
  readonly config: Config;
  readonly migrations: readonly Migration[];
}

/** Notes, in the folder of the run, what `monitor` will compare with. Never rejects: a deploy does not need it. */
export async function noteBaseline(deploy: Deploy, folder: string, invocation: Invocation): Promise<void> {
  const { clock, hub } = invocation;
  const over = new AbortController();
  try {
    const noting = note(deploy, folder, invocation);
    await Promise.race([noting, clock.sleep(WITHIN_MS, over.signal)]);
    noting.catch(() => undefined);
  } catch (error) {
    const text = `nothing could be noted for a watch to compare with: ${messageOf(error)}`;
    hub.report({ type: 'note', level: 'debug', text });
  } finally {
    over.abort();
  }
}

async function note({ plan, config, migrations }: Deploy, folder: string, invocation: Invocation): Promise<void> {
  const { takeBaseline, writeBaseline } = await import('../../watch/baseline.ts');
  const versions = versionsOf(plan);
  const { tables = [] } = verifyScopeOf(versions, migrations);
  const chosen = migrations.filter(({ version }) => versions.includes(version));
  const referred = chosen.flatMap(({ up }) => up.flatMap(({ text }) => [...text.matchAll(REFERENCES)]));
  const names = new Set([...tables, ...referred.map(([, name = '']) => name)]);
  await writeBaseline(folder, await takeBaseline(config, [...names], invocation));
}

/** A table that is new has no foreign key yet by which its parents could be found. */
const REFERENCES = /\bREFERENCES\s+`?([\w$]+)`?/gi;
