import type { Migration } from '../migrations/types.ts';
import type { VerifyScope } from '../phases/verify.ts';
import type { ObjectId } from '../schema/types.ts';

/** What `verify` looks at for these versions: the tables they made or changed, and their own verify queries. */
export function verifyScopeOf(versions: readonly string[], migrations: readonly Migration[]): VerifyScope {
  const chosen = migrations.filter((migration) => versions.includes(migration.version));
  const tables = new Set<string>();
  for (const touch of chosen.flatMap((migration) => migration.up.flatMap((statement) => statement.touches))) {
    if (!touch.object.startsWith('table:')) continue;
    if (touch.action === 'drop' || touch.action === 'rename') tables.delete(nameOf(touch.object));
    if (touch.action !== 'drop') tables.add(nameOf(touch.to ?? touch.object));
  }
  return {
    tables: [...tables],
    queries: chosen
      .filter((migration) => migration.verify.length > 0)
      .map(({ version, verify }) => ({ version, statements: verify.map((statement) => statement.text) })),
  };
}

function nameOf(id: ObjectId): string {
  return id.slice(id.indexOf(':') + 1);
}
