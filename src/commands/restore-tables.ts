import { nameBeside, nameCopy } from '../backup/beside.ts';
import { manifestPath, readManifest } from '../backup/manifest.ts';
import { type ExitCode, failedUnchanged } from '../errors.ts';
import { planTableRestore } from '../plan/restore.ts';
import { describeTarget } from '../preflight/reach.ts';
import { beginLogged } from './begin.ts';
import { carryOut } from './carry-out.ts';
import { declined } from './declined.ts';
import type { Invocation } from './invocation.ts';
import { requireFree, showPreflight } from './preflight.ts';
import { chooseFile } from './restore-backup.ts';
import { withRun } from './with-run.ts';

export interface TableRestoreOptions {
  /** A path, or `latest`. */
  readonly backup: string;
  readonly tables: readonly string[];
}

/** Brings single tables back under new names, beside the present ones. Nothing that is there is touched. */
export function restoreTablesCommand(options: TableRestoreOptions, invocation: Invocation): Promise<ExitCode> {
  return withRun('restore', invocation, async () => {
    const config = await beginLogged('restore', invocation);
    const file = await chooseFile(options.backup, undefined, config, invocation.cwd);
    const manifest = await readManifest(file);
    requireKnown(options.tables, new Set(manifest.tables.map(({ name }) => name)), file);
    const facts = await showPreflight(config, invocation);
    requireFree(facts);
    const now = invocation.clock.now();
    const tables = [...new Set(options.tables)].map((table) => ({ table, copy: nameCopy(table, now) }));
    const side = nameBeside(config.database.database, 'restore', now);
    const plan = planTableRestore({
      ...{ run: invocation.hub.run, target: describeTarget(config.database), file, side, tables },
    });
    const rows = tables.map(({ table, copy }) => [table, `comes back as ${copy}`] as const);
    invocation.hub.report({
      type: 'summary',
      title: 'Restore tables',
      rows: [['Backup', file], ['Taken', manifest.startedAt], ...rows, ['Present', 'nothing that is there is touched']],
    });
    if (!(await invocation.prompt.confirm('Load these tables into PRODUCTION?'))) throw declined();
    const errand = { plan, config, server: facts.server, migrations: facts.migrations };
    return { ...(await carryOut(errand, invocation)), backup: file };
  });
}

const MOST_NAMED = 20;

/** PURE: what there is to choose from; the names of a few, else where they stand. */
export function describeChoice(known: ReadonlySet<string>, file: string): string {
  if (known.size > MOST_NAMED) return `the ${known.size} tables in ${manifestPath(file)}`;
  return `these: ${[...known].join(', ')}`;
}

function requireKnown(wanted: readonly string[], known: ReadonlySet<string>, file: string): void {
  const missing = wanted.filter((table) => !known.has(table));
  if (missing.length === 0) return;
  throw failedUnchanged(
    `${file} has no table ${missing.join(', ')}`,
    `gateway-migrate restore --table NAME, with one of ${describeChoice(known, file)}`,
  );
}
