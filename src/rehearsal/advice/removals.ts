import { columnRenames } from '../../migrations/inverse/column-renames.ts';
import type { Migration, Statement } from '../../migrations/types.ts';
import { splitId } from '../../schema/snapshot.ts';
import type { Finding } from '../finding.ts';
import { type AdviceInput, migrationOf } from './review.ts';

/** Tables and columns of production that the migrations take away, or give another name: code that runs may read them. */
export function adviseOnRemovals(input: AdviceInput): Finding[] {
  return [...input.before.objects.values()].flatMap(({ name, table }) => {
    if (!table) return [];
    const after = input.after.objects.get(`table:${name}`)?.table;
    if (!after) return [describeRemoval(input, name, undefined)];
    const kept = new Set(after.columns.map((column) => column.name.toLowerCase()));
    return table.columns
      .filter((column) => !kept.has(column.name.toLowerCase()))
      .map((column) => describeRemoval(input, name, column.name));
  });
}

function describeRemoval(input: AdviceInput, table: string, column: string | undefined): Finding {
  const migration = migrationOf(input.migrations, table, column ?? table);
  const to = column === undefined ? newTableName(input, table) : newColumnName(migration, table, column);
  const kind = column === undefined ? 'table' : 'column';
  return {
    name: `${to === undefined ? 'dropped' : 'renamed'}-${kind}`,
    level: 'advice',
    group: 'advice',
    version: migration?.version,
    object: column === undefined ? table : `${table}.${column}`,
    what: to === undefined ? `the ${kind} is dropped` : `the ${kind} is renamed to ${to}`,
    why: `code that runs now may still read it: between this migration and the last process that was started before it, such queries fail`,
    fix:
      to === undefined
        ? `deploy code that no longer reads it first, and drop it with the deploy after that`
        : `add ${to} beside it, let the code write both and read the new one, and drop the old one with a later deploy`,
  };
}

/** Where the migrations have led the name of a table that is gone; undefined: it was dropped, under whatever name. */
function newTableName({ migrations, before, after }: AdviceInput, table: string): string | undefined {
  let name = table;
  for (const { object, to, toSchema } of migrations.flatMap(({ up }) => up.flatMap(({ touches }) => touches))) {
    if (to === undefined || object.toLowerCase() !== `table:${name}`.toLowerCase()) continue;
    name = splitId(to)[1];
    if (toSchema !== undefined && toSchema.toLowerCase() !== before.database.toLowerCase())
      return `${toSchema}.${name}`;
  }
  return name === table ? undefined : after.objects.get(`table:${name}`)?.name;
}

function newColumnName(migration: Migration | undefined, table: string, column: string): string | undefined {
  for (const { verb, text, touches } of migration?.up ?? []) {
    const isOfTable = touches.some(({ object }) => object.toLowerCase() === `table:${table}`.toLowerCase());
    if (!isOfTable || verb !== 'ALTER TABLE') continue;
    const rename = columnRenames(text).find(({ from }) => from.toLowerCase() === column.toLowerCase());
    if (rename) return rename.to;
  }
  return undefined;
}

/** What the way back takes with it: `rollback` saves such rows first. That it drops what `up` has made is expected. */
export function adviseOnWaysBack({ migrations }: AdviceInput): Finding[] {
  return migrations.flatMap((migration) => {
    const losses = [...new Set(migration.down.flatMap(lossesOf))];
    if (losses.length === 0) return [];
    const touches = migration.up.flatMap((statement) => statement.touches);
    const made = touches.filter(({ action }) => action === 'create').map(({ object }) => splitId(object)[1]);
    const isExpected = losses.every((loss) => made.some((table) => loss === `drops ${table}`));
    return [
      {
        name: 'data-loss-in-down',
        level: isExpected ? 'hint' : 'advice',
        group: 'advice',
        version: migration.version,
        object: migration.baseName,
        what: `its way back ${losses.join(', ')}`,
        why: 'what was written there since the deploy goes with it',
        fix: 'nothing to do if that is meant: rollback saves such rows first, and deploy --with-saved-rows loads them back',
      },
    ];
  });
}

/** Rows of production that a migration empties on its way forward; what it drops is told as dropped. */
export function adviseOnEmptied({ migrations }: AdviceInput): Finding[] {
  const made = new Set<string>();
  return migrations.flatMap(({ version, up }) =>
    up.flatMap((statement): Finding[] => {
      const emptied = emptiedBy(statement).filter(({ table }) => !made.has(table));
      for (const { action, object } of statement.touches) if (action === 'create') made.add(splitId(object)[1]);
      return emptied.map(({ table, what }) => ({
        name: 'data-loss-in-up',
        level: 'advice',
        group: 'advice',
        version,
        object: table,
        what: `line ${statement.line} ${what}`,
        why: 'its rows are gone, and no way back brings them: only the backup that a deploy makes first has them',
        fix: `nothing to do if that is meant, but not with --skip-backup; gateway-migrate restore --table ${table} brings them back beside it`,
      }));
    }),
  );
}

function emptiedBy(statement: Statement): { table: string; what: string }[] {
  if (statement.kind === 'truncate') return statement.writes.map((table) => ({ table, what: `empties ${table}` }));
  if (statement.verb !== 'ALTER TABLE') return [];
  // To empty a partition changes rows alone.
  const table = statement.touches[0]?.object.slice('table:'.length) ?? statement.writes[0] ?? '';
  const partition = /\b(DROP|TRUNCATE)\s+PARTITION\b/i.exec(statement.text)?.[1]?.toUpperCase();
  return partition ? [{ table, what: `${partition === 'DROP' ? 'drops' : 'empties'} a partition of ${table}` }] : [];
}

function lossesOf(statement: Statement): string[] {
  const emptied = emptiedBy(statement);
  if (emptied.length > 0) return emptied.map(({ what }) => what);
  if (statement.verb === 'DELETE') return statement.writes.map((table) => `deletes rows of ${table}`);
  const dropped = statement.touches.filter(({ action, object }) => action === 'drop' && object.startsWith('table:'));
  if (dropped.length > 0) return dropped.map(({ object }) => `drops ${object.slice('table:'.length)}`);
  if (statement.verb !== 'ALTER TABLE') return [];
  const table = statement.touches[0]?.object.slice('table:'.length) ?? '';
  const dropsColumn = /\bDROP\s+(?!INDEX|KEY|FOREIGN|PRIMARY|CHECK|CONSTRAINT|PARTITION|DEFAULT)/i.test(statement.text);
  return dropsColumn ? [`drops a column of ${table}`] : [];
}
