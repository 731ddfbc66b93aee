import { columnRenames } from '../../migrations/inverse/column-renames.ts';
import { readAlterActions } from '../../migrations/sql/alter-actions.ts';
import type { Migration, Statement } from '../../migrations/types.ts';
import { quoteName } from '../../mysql/quote.ts';
import { splitId } from '../../schema/snapshot.ts';
import type { Column, SchemaObject, Snapshot, TableShape } from '../../schema/types.ts';
import { migrationOf } from '../advice/review.ts';

/** A table of production, and what the migrations make of it. */
export interface ChangedTable {
  /** As production calls it. */
  readonly name: string;
  readonly before: TableObject;
  readonly after: TableObject;
  /** Production's column that becomes this one; undefined when it is new. */
  source(column: string): Column | undefined;
  /** The migration that changes the part of this name. */
  versionOf(part: string): string | undefined;
  /** The migrations write rows of it: they may mend what is wrong with them. */
  readonly isWritten: boolean;
}

type TableObject = SchemaObject & { readonly table: TableShape };

/** The tables that are there before and after, under whatever name, and differ. */
export function changedTables(before: Snapshot, after: Snapshot, migrations: readonly Migration[]): ChangedTable[] {
  const statements = migrations.flatMap(({ up }) => up);
  return [...before.objects.values()].filter(isTable).flatMap((object) => {
    const names = namesOf(object.name, statements);
    const later = names ? after.objects.get(`table:${names.at(-1)}`) : undefined;
    if (!names || !later || !isTable(later) || later.digest === object.digest) return [];
    return [
      {
        name: object.name,
        before: object,
        after: later,
        source: (column: string) => sourceOf(object.table, names, column, statements),
        versionOf: (part: string) => migrationOf(migrations, later.name, part)?.version,
        isWritten: statements.some(({ writes }) =>
          writes.some((table) => names.includes(table.split('.').at(-1) ?? '')),
        ),
      },
    ];
  });
}

function isTable(object: SchemaObject): object is TableObject {
  return object.table !== undefined;
}

/** The names that the table has one after another; undefined when it is dropped with its rows. */
function namesOf(name: string, statements: readonly Statement[]): string[] | undefined {
  const names = [name];
  for (const { action, object, to } of statements.flatMap(({ touches }) => touches)) {
    const [kind, touched] = splitId(object);
    if (kind !== 'table' || touched !== names.at(-1)) continue;
    if (action === 'drop') return undefined;
    if (action === 'rename' && to) names.push(splitId(to)[1]);
  }
  return names;
}

function sourceOf(
  before: TableShape,
  names: readonly string[],
  column: string,
  statements: readonly Statement[],
): Column | undefined {
  let name = column.toLowerCase();
  for (const { verb, text, touches } of statements.toReversed()) {
    if (verb !== 'ALTER TABLE' || !names.includes(splitId(touches[0]?.object ?? 'table:')[1])) continue;
    const rename = columnRenames(text).find(({ to }) => to.toLowerCase() === name);
    if (rename) name = rename.from.toLowerCase();
    else if (addsColumn(text, name)) return undefined;
  }
  return before.columns.find((candidate) => candidate.name.toLowerCase() === name);
}

/** IF NOT EXISTS adds nothing where the column was there. */
function addsColumn(alter: string, name: string): boolean {
  return readAlterActions(alter).some(
    (action) => action.type === 'add column' && !action.isConditional && action.name.toLowerCase() === name,
  );
}

/** The collation of a text column, from the table's canonical text. */
export function collationOf(object: SchemaObject, column: string): string | undefined {
  const line = object.definition.split('\n').find((text) => text.startsWith(`column ${quoteName(column)} `));
  return / collate (\w+)/.exec(line ?? '')?.[1];
}

/** The charset that a collation belongs to stands in front of its name. */
export function charsetOf(collation: string): string {
  return collation.split('_')[0] ?? collation;
}
