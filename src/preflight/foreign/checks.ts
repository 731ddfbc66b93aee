import { type Check, fails, holds } from '../../run/check.ts';
import type { Claim, ForeignClaims, ForeignHistory, ForeignTool } from './history.ts';

const NAMES_SHOWN = 5;

/** How each tool is brought out of the middle, where it knows that it stands there. */
const REPAIRS: Partial<Record<ForeignTool, string>> = {
  'golang-migrate': 'migrate force VERSION',
  flyway: 'flyway repair',
  prisma: 'prisma migrate resolve',
};

/** What was found of other tools, for whoever looks before a deploy. PURE. */
export function checkForeign(histories: readonly ForeignHistory[], claimed: readonly ForeignClaims[]): Check[] {
  return histories.map((history) => {
    const { tool, table, entries } = history;
    const about = { group: 'migrations', name: `history of ${tool}` };
    const claims = claimed.find((one) => one.history === history);
    if (!claims) {
      return holds({ ...about, detail: `${table} notes ${entries.length}, none of them is pending here` });
    }
    return fails({ ...about, detail: describeClaims(claims), remedy: remedyFor(claims) });
  });
}

/** `golang-migrate has applied 2 of the pending migrations, says its table schema_migrations: 000001, 000002`. */
export function describeClaims({ history: { tool, table }, claims }: ForeignClaims): string {
  const failed = claims.find(({ state }) => state === 'failed');
  if (failed) {
    return `${tool} failed in the middle of ${failed.migration.version}, says its table ${table}: nobody knows how much of it is in place`;
  }
  return `${tool} has applied ${claims.length} of the pending migrations, says its table ${table}: ${listOf(claims)}`;
}

/** The command that takes it over; where the tool is in the middle of a migration, first what brings it out. */
export function remedyFor({ history: { tool }, claims }: ForeignClaims): string {
  const command = `gateway-migrate baseline --from ${tool}`;
  if (!claims.some(({ state }) => state === 'failed')) return command;
  return `bring that migration to its end or back by hand, tell ${tool} so (${REPAIRS[tool] ?? tool}), then: ${command}`;
}

function listOf(claims: readonly Claim[]): string {
  const versions = claims.map(({ migration }) => migration.version);
  if (versions.length <= NAMES_SHOWN) return versions.join(', ');
  return `${versions[0]} to ${versions.at(-1)}`;
}
