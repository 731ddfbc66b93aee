import type { Config } from '../config/config.ts';
import { diffSinceApplied, type MigrationStatus } from '../migrations/pending.ts';
import { type Reached, reachedTables } from '../migrations/reached-tables.ts';
import type { Problem } from '../migrations/source-files.ts';
import type { Migration } from '../migrations/types.ts';
import { type Check, fails, holds, warns } from '../run/check.ts';
import type { Snapshot } from '../schema/types.ts';

const GROUP = 'migrations';
const DIFF_SHOWN_LINES = 20;

/** Looks at the files and at what the history says of them; with a schema, at what the pending ones meet in it. PURE. */
export function checkMigrations(
  status: MigrationStatus,
  problems: readonly Problem[],
  snapshot: Snapshot | undefined,
  config: Config,
): Check[] {
  return [
    ...problems.map(problemCheck),
    ...checkChanged(status),
    ...status.missing.map((row) =>
      warns({
        group: GROUP,
        name: row.version,
        detail: `applied ${row.startedAt} UTC, but its file is missing`,
        remedy: 'bring the file back from version control',
      }),
    ),
    ...status.outOfOrder.map((migration) =>
      warns({
        group: GROUP,
        name: migration.version,
        detail: 'is older than the newest applied one; it is applied all the same',
      }),
    ),
    ...(snapshot ? status.pending.flatMap((migration) => checkPending(migration, snapshot, config)) : []),
    holds({
      group: GROUP,
      name: 'history',
      detail: `${status.applied.length} applied, ${status.pending.length} pending in ${config.migrations.dir}`,
    }),
  ];
}

export function problemCheck(problem: Problem): Check {
  const where = problem.line === undefined ? problem.path : `${problem.path}:${problem.line}`;
  return fails({ group: GROUP, name: where, detail: problem.what, remedy: problem.remedy });
}

/** It does not stand in the way. */
export function noteCheck({ path, what, remedy }: Problem): Check {
  return warns({ group: GROUP, name: path, detail: what, remedy });
}

function checkChanged(status: MigrationStatus): Check[] {
  return status.changed.map((changed) => {
    const diff = diffSinceApplied(changed)?.slice(0, DIFF_SHOWN_LINES) ?? ['(its text was too large to keep)'];
    return fails({
      group: GROUP,
      name: changed.migration.version,
      detail: ['edited after it was applied:', ...diff].join('\n'),
      remedy:
        'put the file back as it was applied, and write the change as a new migration: gateway-migrate new <name>',
    });
  });
}

function checkPending(migration: Migration, snapshot: Snapshot, config: Config): Check[] {
  const plain = withoutTransactions(snapshot);
  return migration.up.flatMap((statement, index) => {
    const where = `${migration.version}, statement ${index + 1}, line ${statement.line}`;
    if (config.migrations.allowNonTransactional || plain.size === 0) return [];
    return reachedTables(statement, snapshot).flatMap((reached) => checkEngine(reached, where, plain));
  });
}

/** The tables without transactions, each with its engine. */
function withoutTransactions({ objects }: Snapshot): Map<string, string> {
  const tables = [...objects.values()].flatMap(({ name, table }) => (table ? [[name, table.engine] as const] : []));
  return new Map(tables.filter(([, engine]) => !/^(innodb|rocksdb|ndbcluster)$/i.test(engine)));
}

function checkEngine({ table, by }: Reached, where: string, plain: ReadonlyMap<string, string>): Check[] {
  const engine = plain.get(table);
  if (engine === undefined) return [];
  const way = by.length === 0 ? '' : ` (by ${by.map((id) => id.replace(':', ' ')).join(', ')})`;
  return [
    fails({
      group: GROUP,
      name: where,
      detail: `writes to ${table}${way}, which is ${engine}: it has no transactions, so after a crash nobody knows which rows were written`,
      remedy: `ALTER TABLE ${table} ENGINE=InnoDB first, or set migrations.allowNonTransactional: true`,
    }),
  ];
}
