import { manifestPath, readManifest } from '../../backup/file/manifest.ts';
import { describeOrigin, otherOrigin } from '../../backup/file/origin.ts';
import type { Config } from '../../config/config.ts';
import { type ExitCode, failedUnchanged, refusal } from '../../errors.ts';
import { findFreeSecond, nameBeside, nameCopy } from '../../exchange/side-database.ts';
import { spelledAs } from '../../mysql/name.ts';
import { planTableExchange, planTableRestore } from '../../plan/restore.ts';
import type { Plan } from '../../plan/step.ts';
import type { Facts } from '../../preflight/gather.ts';
import { describeTarget } from '../../preflight/reach.ts';
import { requireWritable } from '../../preflight/read-only.ts';
import { HISTORY_TABLE } from '../../schema/types.ts';
import { unfinishedRefusal } from '../resume.ts';
import { beginLogged } from '../shared/begin.ts';
import { carryOut } from '../shared/carry-out.ts';
import { declined } from '../shared/declined.ts';
import type { Invocation } from '../shared/invocation.ts';
import { requireFree, showPreflight } from '../shared/preflight.ts';
import { type RestoreSite, siteForRestore } from '../shared/site-facts.ts';
import { withRun } from '../shared/with-run.ts';
import { chooseFile } from './backup.ts';
import { readDestination } from './destination.ts';
import { showPlan } from './dry-run.ts';
import { isNeeded, requireLoadable, requireRestorable } from './needs.ts';

export interface TableRestoreOptions {
  /** A path, or `latest`. */
  readonly backup: string;
  readonly tables: readonly string[];
  /** In the place of the present ones, not beside them. */
  readonly inPlace: boolean;
  /** False with `--no-maintenance`. */
  readonly maintenance: boolean;
  /** Show the plan alone. */
  readonly dryRun?: boolean | undefined;
}

/** What is asked of a person before a plan is carried out. */
interface Proposal {
  readonly plan: Plan;
  readonly rows: readonly (readonly [label: string, value: string])[];
  readonly question: string;
}

/** Brings single tables back: under new names beside the present ones, or in their place. */
export function restoreTablesCommand(options: TableRestoreOptions, invocation: Invocation): Promise<ExitCode> {
  return withRun('restore', invocation, async () => {
    const config = await beginLogged('restore', invocation);
    const file = await chooseFile(options.backup, undefined, config, invocation);
    const manifest = await readManifest(file);
    const known = new Set(manifest.tables.map(({ name }) => name));
    requireKnown({ ...options, tables: spelledAs(options.tables, known, true) }, known, file);
    const facts = await showPreflight(config, invocation, isNeeded);
    requireFree(facts);
    const tables = spelledAs(options.tables, known, facts.server.foldsNames);
    requireKnown({ ...options, tables }, known, file);
    if (options.inPlace) requireReplaceable(tables);
    await requireWritable(facts.server);
    if (options.inPlace && facts.unfinished) throw unfinishedRefusal(facts.unfinished);
    await (options.inPlace ? requireRestorable(facts, manifest, tables, invocation) : requireLoadable(facts));
    const at = await findFreeSecond(facts.server, invocation.clock.now());
    const wanted = { file, tables, at };
    const { plan, rows, question } = options.inPlace
      ? proposeExchange(wanted, facts, await siteFor(options, facts, config, invocation), config, invocation)
      : proposeCopies(wanted, facts, config, invocation);
    const taken = [
      ['Backup', file] as const,
      ['Of', describeOrigin(manifest)] as const,
      ['Taken', manifest.startedAt] as const,
    ];
    invocation.hub.report({ type: 'summary', title: 'Restore tables', rows: [...taken, ...rows] });
    if (options.dryRun) return showPlan(plan, { backup: file }, invocation);
    const stranger = otherOrigin(manifest, await readDestination(facts.server));
    const asked = stranger === undefined ? question : `This backup is of ${stranger}. ${question}`;
    if (!(await invocation.prompt.confirm(asked))) throw declined();
    const errand = { plan, config, server: facts.server, migrations: facts.migrations };
    return { ...(await carryOut(errand, invocation)), backup: file };
  });
}

interface Wanted {
  readonly file: string;
  readonly tables: readonly string[];
  /** What is made is named after it. */
  readonly at: Date;
}

function proposeCopies(
  { file, tables: names, at }: Wanted,
  { server }: Facts,
  config: Config,
  { hub }: Invocation,
): Proposal {
  const tables = names.map((table) => ({ table, copy: nameCopy(table, at) }));
  const side = nameBeside(server.target.database, 'restore', at);
  return {
    plan: planTableRestore({ run: hub.run, target: describeTarget(config.database), file, side, tables }),
    rows: [
      ...tables.map(({ table, copy }) => [table, `comes back as ${copy}`] as const),
      ['Present', 'nothing that is there is touched'],
    ],
    question: 'Load these tables into PRODUCTION?',
  };
}

function siteFor({ maintenance }: TableRestoreOptions, facts: Facts, config: Config, invocation: Invocation) {
  return siteForRestore(facts, config, { maintenance, services: false }, invocation);
}

function proposeExchange(
  { file, tables, at }: Wanted,
  { server, snapshot }: Facts,
  site: RestoreSite,
  config: Config,
  { hub }: Invocation,
): Proposal {
  const { database } = server.target;
  const [side, aside] = [nameBeside(database, 'restore', at), nameBeside(database, 'before', at)];
  const present = tables.filter((name) => snapshot.objects.has(`table:${name}`));
  const target = describeTarget(config.database);
  return {
    plan: planTableExchange({
      ...{ run: hub.run, target, file, side, aside, tables, ...site },
    }),
    rows: [
      ...tables.map((name) => [name, present.includes(name) ? 'is replaced' : 'comes back: it is not there'] as const),
      ['Lost', `what was written to ${tables.join(', ')} since then`],
      ['Site', site.withMaintenance ? `up while they are loaded and compared, ${site.down}` : site.down],
      ['Kept', present.length > 0 ? `what is there now, in ${aside}` : 'nothing: none of them is there'],
      ['Undo', 'gateway-migrate rollback'],
    ],
    question: 'Replace these tables in PRODUCTION?',
  };
}

const MOST_NAMED = 20;

/** PURE: what there is to choose from; the names of a few, else where they stand. */
export function describeChoice(known: ReadonlySet<string>, file: string): string {
  if (known.size > MOST_NAMED) return `the ${known.size} tables in ${manifestPath(file)}`;
  return `these: ${[...known].join(', ')}`;
}

function requireKnown({ tables, inPlace }: TableRestoreOptions, known: ReadonlySet<string>, file: string): void {
  const missing = tables.filter((table) => !known.has(table));
  if (missing.length === 0) return;
  throw failedUnchanged(
    `${file} has no table ${missing.join(', ')}`,
    `gateway-migrate restore --table NAME${inPlace ? ' --in-place' : ''}, with one of ${describeChoice(known, file)}`,
  );
}

/** An old history would make the tool believe that migrations are not applied. */
function requireReplaceable(tables: readonly string[]): void {
  if (!tables.includes(HISTORY_TABLE)) return;
  throw refusal(
    `${HISTORY_TABLE} is what this tool knows about the database, and is not replaced alone`,
    `gateway-migrate restore --table ${HISTORY_TABLE} (beside the present one), or gateway-migrate restore`,
  );
}
