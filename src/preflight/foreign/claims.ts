import { compareVersions, parseFileName } from '../../migrations/file-name.ts';
import type { Migration } from '../../migrations/types.ts';
import type { Claim, ForeignClaims, ForeignEntry, ForeignHistory, ForeignTool } from './history.ts';

/** They know a migration by its name; the others by its version alone. */
const BY_NAME: readonly ForeignTool[] = ['liquibase', 'laravel', 'knex', 'prisma', 'sequelize'];
const EXTENSION = /(?:\.up)?\.(?:sql|php|js|cjs|mjs|ts|cts|mts|xml|ya?ml|json)$/i;
/** A version this long is a date: no two migrations have the same by chance. */
const DATE_DIGITS = 8;

/** What other tools say of migrations that are pending here; those that say nothing of them are left out. PURE. */
export function findClaims(histories: readonly ForeignHistory[], pending: readonly Migration[]): ForeignClaims[] {
  return histories
    .map((history) => ({ history, claims: pending.flatMap((migration) => claimOf(migration, history)) }))
    .filter(({ claims }) => claims.length > 0);
}

/** What a history notes that no file has; it may be of another folder. PURE. */
export function findWithoutFile({ tool, entries }: ForeignHistory, migrations: readonly Migration[]): string[] {
  return entries
    .filter((entry) => !entry.isUpTo && !migrations.some((migration) => isMeant(migration, entry, tool)))
    .map(({ name }) => name);
}

function claimOf(migration: Migration, { tool, entries }: ForeignHistory): Claim[] {
  const exact = entries.find((entry) => isMeant(migration, entry, tool));
  if (exact) return [{ migration, state: exact.state }];
  const isBefore = entries.some((entry) => entry.isUpTo && compareVersions(migration.version, entry.name) < 0);
  return isBefore ? [{ migration, state: 'applied' }] : [];
}

function isMeant(migration: Migration, { name, alias }: ForeignEntry, tool: ForeignTool): boolean {
  if (BY_NAME.includes(tool)) return [name, ...(alias ? [alias] : [])].some((one) => isNameOf(one, migration));
  return /^\d/.test(name) ? compareVersions(migration.version, name) === 0 : migration.baseName === name;
}

function isNameOf(name: string, migration: Migration): boolean {
  const bare = name.replace(EXTENSION, '');
  if (bare === migration.baseName || bare === migration.version) return true;
  const version = parseFileName(`${bare}.sql`)?.version;
  return (
    version !== undefined &&
    version.replace(/\D/g, '').length >= DATE_DIGITS &&
    compareVersions(version, migration.version) === 0
  );
}
