import type { Migration } from '../../migrations/types.ts';
import type { VerifyScope } from '../../phases/migrate/verify.ts';
import type { ObjectId } from '../../schema/types.ts';

/** What `verify` looks at for these versions: the tables they made or changed, and their own verify queries. */
export function verifyScopeOf(versions: readonly string[], migrations: readonly Migration[]): VerifyScope {
  const chosen = migrations.filter((migration) => versions.includes(migration.version));
  const [tables, made] = [new Set<string>(), new Set<string>()];
  for (const { action, object, to } of chosen.flatMap((one) => one.up.flatMap((statement) => statement.touches))) {
    if (!object.startsWith('table:')) continue;
    const [name, after] = [nameOf(object), nameOf(to ?? object)];
    const isMade = action === 'create' || made.has(name);
    if (action === 'drop' || action === 'rename') for (const set of [tables, made]) set.delete(name);
    if (action === 'drop') continue;
    tables.add(after);
    if (isMade) made.add(after);
  }
  return {
    tables: [...tables],
    made: [...made],
    allowed: chosen.flatMap((migration) =>
      migration.allows.flatMap((allowance) => tablesOf(migration).map((table) => ({ table, ...allowance }))),
    ),
    queries: chosen
      .filter((migration) => migration.verify.length > 0)
      .map(({ version, verify }) => ({ version, statements: verify.map((statement) => statement.text) })),
  };
}

function tablesOf({ up }: Migration): string[] {
  const ids = up.flatMap(({ touches }) => touches.map(({ object, to }) => to ?? object));
  return [...new Set(ids.filter((id) => id.startsWith('table:')).map(nameOf))];
}

function nameOf(id: ObjectId): string {
  return id.slice(id.indexOf(':') + 1);
}
