import { isReplacing } from '../../migrations/sql/conditions.ts';
import { Tokens } from '../../migrations/sql/tokens.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Flavor } from '../../mysql/flavor.ts';
import type { LockedTable } from '../../plan/step.ts';
import type { ObjectId, Snapshot } from '../../schema/types.ts';

/** A statement that makes, drops or renames a foreign key, or a table that may have some. */
const CHANGES_KEYS = /^(?:DROP|RENAME)\b|\b(?:FOREIGN|REFERENCES|CONSTRAINT|RENAME)\b/i;

/**
 * PURE: the tables of the snapshot whose metadata locks a definition needs, so that a transaction that has used them makes it
 * wait. Rows that are locked are not told: who writes holds them for a moment.
 *
 * Besides the tables that are named: MySQL locks what a foreign key connects them with (Reference Manual, 10.11.4 "Metadata
 * Locking"), the parents of a key that changes and the children of a table that does, exclusively. MariaDB leaves them to
 * InnoDB, where only transactions that have written stand in the way, and none in that of a CREATE TABLE.
 */
export function lockedTables(
  statements: readonly Pick<Statement, 'kind' | 'verb' | 'text' | 'touches' | 'writes'>[],
  snapshot: Snapshot,
  { kind }: Pick<Flavor, 'kind'>,
): LockedTable[] {
  const locked = new Map<string, LockedTable>();
  const note = (table: string, against: LockedTable['against']) => {
    const isThere = snapshot.objects.get(`table:${table}`) !== undefined;
    if (isThere && locked.get(table)?.against !== 'everybody') locked.set(table, { table, against });
  };
  for (const statement of statements) {
    const own = ownTables(statement, snapshot);
    for (const table of own) note(table, 'everybody');
    if (kind === 'mariadb' && statement.verb === 'CREATE TABLE') continue;
    const relatives = relativesOf(statement, own, snapshot);
    for (const table of relatives) note(table, kind === 'mysql' ? 'everybody' : 'writers');
  }
  return [...locked.values()].sort((one, other) => (one.table < other.table ? -1 : 1));
}

function ownTables({ kind, verb, text, touches, writes }: Parts, { objects }: Snapshot): string[] {
  // EXCHANGE PARTITION and the like: nobody can decide them after a crash, and they lock all the same.
  if (kind === 'opaque' && verb === 'ALTER TABLE') return writes.filter((name) => !name.includes('.'));
  if (kind !== 'ddl' && kind !== 'truncate') return [];
  return touches.flatMap(({ action, object, schema }) => {
    if (schema !== undefined) return [];
    const name = nameIn(object, 'trigger');
    if (name !== undefined) return action === 'create' ? tableOfNewTrigger(text) : tableOfTrigger(objects.get(object));
    const table = nameIn(object, 'table');
    if (table === undefined || (action === 'create' && !isReplacing(text))) return [];
    return [table];
  });
}

type Parts = Parameters<typeof lockedTables>[0][number];

function relativesOf({ kind, verb, text }: Parts, own: readonly string[], { objects, database }: Snapshot): string[] {
  const isOfTable = /^(?:CREATE|ALTER|DROP|RENAME) TABLE$/.test(verb);
  if (kind !== 'ddl' || !isOfTable) return [];
  const parents = own.flatMap((name) =>
    CHANGES_KEYS.test(text) ? parentsOf(objects.get(`table:${name}`), database) : [],
  );
  const children = [...objects.values()].flatMap((object) =>
    parentsOf(object, database).some((parent) => own.includes(parent)) ? [object.name] : [],
  );
  return [...namedParents(text), ...parents, ...children].filter((name) => !own.includes(name));
}

function parentsOf(object: ReturnType<Snapshot['objects']['get']>, database: string): string[] {
  const keys = object?.table?.foreignKeys ?? [];
  return keys.flatMap(({ parentSchema, parentTable }) => (parentSchema === database ? [parentTable] : []));
}

/** What stands behind REFERENCES. */
function namedParents(text: string): string[] {
  const tokens = new Tokens(text);
  const names: string[] = [];
  while (tokens.peek()) {
    if (!tokens.take('REFERENCES')) tokens.next();
    else {
      const name = tokens.name();
      if (name && name.schema === undefined) names.push(name.name);
    }
  }
  return names;
}

function tableOfNewTrigger(text: string): string[] {
  const tokens = new Tokens(text);
  const name = tokens.seek('ON') && tokens.next() ? tokens.name() : undefined;
  return name && name.schema === undefined ? [name.name] : [];
}

/** As `readTriggers` describes it. */
function tableOfTrigger(object: ReturnType<Snapshot['objects']['get']>): string[] {
  const quoted = /^fires \w+ \w+ on `((?:[^`]|``)+)`/.exec(object?.definition ?? '')?.[1];
  return quoted === undefined ? [] : [quoted.replaceAll('``', '`')];
}

function nameIn(id: ObjectId, kind: string): string | undefined {
  return id.startsWith(`${kind}:`) ? id.slice(kind.length + 1) : undefined;
}
