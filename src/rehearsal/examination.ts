import { messageOf } from '../errors.ts';
import type { Migration } from '../migrations/types.ts';
import type { Session } from '../mysql/connect.ts';
import type { Check } from '../run/check.ts';
import { checkPlans } from '../schema/plans.ts';
import { checkIndexesExist, checkTablesExist, countParts } from '../schema/structure.ts';
import type { Snapshot } from '../schema/types.ts';
import { adviseOn } from './advice.ts';
import { findBadData } from './bad-data.ts';
import { probeCascade } from './cascade.ts';
import type { Finding } from './finding.ts';
import type { Rehearsal } from './rehearse.ts';
import type { Stage } from './stage.ts';

interface Examined {
  readonly checks: Check[];
  readonly findings: Finding[];
}

/**
 * What can be said of the clone with all migrations in place, and of production's rows that will meet them. `session`
 * is on production and only reads.
 */
export async function examine(
  rehearsal: Rehearsal,
  stage: Stage,
  before: Snapshot,
  session: Session,
): Promise<Examined> {
  const { config, migrations, snapshot, production } = rehearsal;
  const { tenant, references, plans, requireTables, requireIndexes } = config.verify;
  const after = stage.schema.now;
  const tables = changedTables(before, after);
  const checks: Check[] = [
    ...checkTablesExist(after, 'required tables', requireTables),
    ...countParts(after, tables),
    ...checkIndexesExist(after, requireIndexes),
    ...(await checkPlans(stage.reader, stage.server.flavor, plans)),
  ];
  const findings = [
    ...adviseOn({ before, after, migrations, tenant, references }),
    ...(await tryVerifyQueries(stage.reader, migrations, (text) => isDecided(text, after, rehearsal))),
  ];
  await rehearsal.part('cascade', 'Delete a tenant', async () => {
    if (!tenant) return 'no tenant rule is configured';
    const probe = await probeCascade({ clone: stage.reader, snapshot: after, tenant, tables, migrations });
    checks.push(...probe.checks);
    findings.push(...probe.findings);
    return `${probe.checks.length} checks`;
  });
  await rehearsal.part('data', "Ask production's rows", async () => {
    const { flavor, target } = production;
    const found = await findBadData({ session, flavor, database: target.database, snapshot, after, migrations });
    findings.push(...found);
    return found.length === 0 ? 'none would make it fail' : `${found.length} with a finding`;
  });
  return { checks, findings };
}

const SHOWN = 200;
const NO_ROWS_HERE = 'the tables of the clone have no rows: with those of production it may return none';
const TRY_ROWS = 'gateway-migrate test --from-backup asks it of real rows';

/** Tables that the migrations made or changed. */
function changedTables(before: Snapshot, after: Snapshot): string[] {
  return [...after.objects]
    .filter(([id, object]) => object.table && before.objects.get(id)?.digest !== object.digest)
    .map(([, object]) => object.name);
}

/**
 * What a query of the catalogue returns here it returns in production too; with the rows of a backup so does any other.
 * Of a clone without rows it can only be told.
 */
function isDecided(query: string, { objects }: Snapshot, { loadTables }: Rehearsal): boolean {
  if (loadTables) return true;
  // A table that the catalogue is asked about stands in a literal; it is not read from.
  const bare = query.toLowerCase().replace(/'(?:[^'\\]|\\.|'')*'/gs, "''");
  const words = new Set(bare.match(/[\p{L}\p{N}_$]+/gu));
  return words.has('information_schema') && ![...objects.values()].some(({ name }) => words.has(name.toLowerCase()));
}

/** Deploy runs them after the migrations: what cannot be run there, or returns a row, undoes them all. */
async function tryVerifyQueries(
  session: Session,
  migrations: readonly Migration[],
  decides: (query: string) => boolean,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  await session.query('SET SESSION TRANSACTION READ ONLY');
  for (const { version, verify } of migrations) {
    for (const statement of verify) {
      const about = { group: 'forward', version, object: `verify, line ${statement.line}` };
      const why = 'deploy runs it after the migrations, and would undo them all because of it';
      const fix = `mend line ${statement.line}`;
      try {
        const rows = await session.query(statement.text);
        if (!Array.isArray(rows) || rows.length === 0) continue;
        const what = `the query returns ${JSON.stringify(rows[0]).slice(0, SHOWN)}, and must return no row`;
        findings.push(
          decides(statement.text)
            ? { ...about, name: 'verify-finds-something', level: 'error', what, why, fix: `${fix}, or what it found` }
            : { ...about, name: 'verify-finds-something', level: 'advice', what, why: NO_ROWS_HERE, fix: TRY_ROWS },
        );
      } catch (error) {
        const what = `the query is refused: ${messageOf(error)}`;
        findings.push({ ...about, name: 'verify-cannot-run', level: 'error', what, why, fix });
      }
    }
  }
  await session.query('SET SESSION TRANSACTION READ WRITE');
  return findings;
}
