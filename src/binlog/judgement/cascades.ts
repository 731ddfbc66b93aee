import type { Session } from '../../mysql/connect.ts';
import type { Flavor } from '../../mysql/flavor.ts';
import { isSameName } from '../../mysql/name.ts';
import { readCollations } from '../session.ts';
import { means, type NamedDatabase, readNamedDatabase, type Subject, type UnloggedParent } from '../subject.ts';

/** A foreign key that changes rows of its table by itself. */
export interface ActingKey {
  readonly database: string;
  readonly table: string;
  readonly parentDatabase: string;
  readonly parentTable: string;
  readonly onDelete: string;
  readonly onUpdate: string;
}

/** PURE: what a foreign key is told to do changes rows; NO ACTION and RESTRICT do not. */
export function acts(rule: string): boolean {
  return /^(?:CASCADE|SET NULL|SET DEFAULT)$/.test(rule);
}

/** Asks the server that wrote the log. */
export async function readSubject(session: Session, flavor: Flavor, database: string): Promise<Subject> {
  const named = await readNamedDatabase(session, database);
  const unloggedParents = await readUnloggedParents(session, flavor, named);
  const [clock] = await session.query<{ seconds: number | string }>('SELECT UNIX_TIMESTAMP(SYSDATE()) + 1 AS seconds');
  const now = Number(clock?.seconds) * 1_000_000;
  return { ...named, collations: await readCollations(session, flavor), unloggedParents, now };
}

/**
 * Tables elsewhere whose rows take rows of the database along. InnoDB changes those by itself, and MariaDB, and MySQL before its
 * keys moved into the server (`innodb_native_foreign_keys`), logs the parent's row alone. Where parent and child are in one
 * database, the child's row is changed again when the parent's is; where the parent is elsewhere, nothing is.
 */
export async function readUnloggedParents(
  session: Session,
  flavor: Flavor,
  named: NamedDatabase,
): Promise<UnloggedParent[]> {
  if (await logsCascades(session, flavor)) return [];
  return findUnloggedParents(await readActingKeys(session), named);
}

export function readActingKeys(session: Session): Promise<Record<keyof ActingKey, string>[]> {
  return session.query<Record<keyof ActingKey, string>>(
    `SELECT constraint_schema AS \`database\`, table_name AS \`table\`, unique_constraint_schema AS parentDatabase,
       referenced_table_name AS parentTable, delete_rule AS onDelete, update_rule AS onUpdate
     FROM information_schema.referential_constraints
     WHERE delete_rule IN ('CASCADE', 'SET NULL', 'SET DEFAULT') OR update_rule IN ('CASCADE', 'SET NULL', 'SET DEFAULT')`,
  );
}

/** There is the variable since 9.6; OFF is its default, and the server's own keys are logged with their rows. */
export async function logsCascades(session: Session, { kind }: Flavor): Promise<boolean> {
  if (kind !== 'mysql') return false;
  const [row] = await session.query<{ Value: string }>("SHOW GLOBAL VARIABLES LIKE 'innodb_native_foreign_keys'");
  return row?.Value === 'OFF';
}

/** PURE: a chain of keys counts from the first table of another database on, and all that stands above that. */
export function findUnloggedParents(keys: readonly ActingKey[], named: NamedDatabase): UnloggedParent[] {
  const isSame = (one: string, other: string) => isSameName(one, other, named.ignoresCase);
  const found: UnloggedParent[] = [];
  const add = (key: ActingKey, changes: string): void => {
    const on = [
      ...(acts(key.onDelete) ? (['delete'] as const) : []),
      ...(acts(key.onUpdate) ? (['update'] as const) : []),
    ];
    const { parentDatabase: database, parentTable: table } = key;
    const isKnown = found.some(
      (one) =>
        isSame(one.database, database) && isSame(one.table, table) && on.every((change) => one.on.includes(change)),
    );
    if (isKnown) return;
    found.push({ database, table, changes, on });
    for (const above of keys) if (isSame(above.database, database) && isSame(above.table, table)) add(above, changes);
  };
  for (const key of keys) {
    if (!means(named, key.database) || means(named, key.parentDatabase)) continue;
    add(key, `${key.database}.${key.table} (ON DELETE ${key.onDelete}, ON UPDATE ${key.onUpdate})`);
  }
  return found;
}
