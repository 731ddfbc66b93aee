import type { Config } from '../../config/config.ts';
import { refusal } from '../../errors.ts';
import { compareVersions } from '../../migrations/file-name.ts';
import type { Migration } from '../../migrations/types.ts';
import { describeClaims, remedyFor } from '../../preflight/foreign/checks.ts';
import { compareWithFiles, type SchemaComparison } from '../../preflight/foreign/comparison.ts';
import type { ForeignClaims } from '../../preflight/foreign/history.ts';
import type { Standing } from '../../preflight/standing.ts';
import { withLock } from '../../run/lock.ts';
import { formatDifferences } from '../../schema/diff.ts';
import { adoptAll } from '../../statements/adopt.ts';
import { declined } from '../shared/declined.ts';
import type { Invocation } from '../shared/invocation.ts';
import { requireSameHistory } from '../shared/same-history.ts';
import { asStep } from '../shared/step.ts';

/** Migrations that are to be noted as applied, and who says that they are. */
export interface TakeOver {
  readonly who: string;
  /** That asks for just this. */
  readonly command: string;
  readonly migrations: readonly Migration[];
}

interface Circumstances {
  readonly config: Config;
  readonly standing: Standing;
  readonly allowDifferences: boolean;
}

/** What a tool has noted; throws where the tool itself does not know (exit 5). */
export function ofTool(claimed: ForeignClaims | undefined): TakeOver | undefined {
  if (claimed === undefined) return undefined;
  if (claimed.claims.some(({ state }) => state === 'failed')) throw claimedRefusal(claimed);
  const { tool } = claimed.history;
  const migrations = claimed.claims.map(({ migration }) => migration);
  return { who: tool, command: `gateway-migrate baseline --from ${tool}`, migrations };
}

/** What another tool says is applied is not applied again. */
export function claimedRefusal(claimed: ForeignClaims) {
  return refusal(describeClaims(claimed), remedyFor(claimed));
}

/** Compares, asks, and notes them, all or none. Returns their versions. */
export async function takeOver(
  wanted: TakeOver,
  { config, standing, allowDifferences }: Circumstances,
  invocation: Invocation,
): Promise<readonly string[]> {
  const { hub, prompt, flags, signal } = invocation;
  const { server } = standing;
  let hasDifferences = false;
  await asStep(invocation)('compare', "Compare production's schema with what the files make", async () => {
    const compared = await compare(wanted, config, standing, invocation);
    hasDifferences = typeof compared !== 'string' && compared.differences.length > 0;
    return tell(compared, standing, invocation);
  });
  if (hasDifferences && !allowDifferences && (!prompt.isInteractive || flags.yes)) throw differs(wanted);
  const { migrations, who } = wanted;
  const versions = migrations.map(({ version }) => version);
  const rows: [string, string][] = migrations.map(({ version, name }) => [version, name]);
  hub.report({ type: 'summary', title: `Applied already (${who})`, rows });
  const although = hasDifferences ? ', although production is not what the files make' : '';
  if (!(await prompt.confirm(`Note ${count(migrations)} as applied${although}?`))) throw declined();
  await withLock({ server, command: 'baseline', run: hub.run, report: hub.report, signal }, async (lock) => {
    await requireSameHistory(standing, config, wanted.command);
    await adoptAll(migrations, hub.run, lock.server);
  });
  hub.report({ type: 'note', level: 'info', text: `${count(migrations)} noted as applied; nothing was run` });
  return versions;
}

/** All files whose objects should be there: those that are applied already, and those that are to be noted. */
async function compare(
  { migrations }: TakeOver,
  config: Config,
  { server, status, problems, migrations: files }: Standing,
  { exec, env, signal }: Invocation,
): Promise<SchemaComparison | string> {
  const applied = new Set(status.applied.map(({ version }) => version));
  const all = [...files.filter(({ version }) => applied.has(version)), ...migrations].toSorted((a, b) =>
    compareVersions(a.version, b.version),
  );
  const problem = problems.find(({ path }) => all.some((one) => one.path.startsWith(path.replace(/\.\w+\.sql$/, ''))));
  if (problem) return `${problem.path}: ${problem.what}`;
  if (status.missing.length > 0) return `the file of ${status.missing[0]?.version} is missing`;
  return compareWithFiles(all, { config, production: server, exec, env, signal });
}

function tell(compared: SchemaComparison | string, { foreign }: Standing, { hub }: Invocation): string {
  if (typeof compared === 'string') {
    const text = `production could not be compared with what the files make: ${compared}`;
    hub.report({ type: 'note', level: 'warning', text });
    return 'could not be compared';
  }
  const { made, differences, beside } = compared;
  if (differences.length > 0) {
    const lines = formatDifferences(differences);
    const text = ['production is not what the files make (- production, + files):', ...lines].join('\n');
    hub.report({ type: 'note', level: 'warning', text });
  }
  const others = beside.filter((id) => !foreign.some(({ table }) => id === `table:${table}`));
  if (others.length > 0) {
    const names = others.slice(0, 10).map((id) => id.replace(':', ' '));
    const more = others.length > names.length ? ` and ${others.length - names.length} more` : '';
    hub.report({ type: 'note', level: 'info', text: `in production alone: ${names.join(', ')}${more}` });
  }
  return differences.length === 0
    ? `${made} objects, each as the files make it`
    : `${differences.length} of ${made} differ`;
}

function differs({ command }: TakeOver) {
  return refusal(
    'production is not what these files make: see the differences above',
    `make the two equal, or take it as it is: ${command} --allow-differences`,
  );
}

function count(migrations: readonly Migration[]): string {
  return migrations.length === 1 ? '1 migration' : `${migrations.length} migrations`;
}
