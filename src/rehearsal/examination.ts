import type { Session } from '../mysql/connect.ts';
import type { Check } from '../run/check.ts';
import { checkPlans } from '../schema/checks/plans.ts';
import { checkIndexesExist, checkTablesExist, countParts } from '../schema/checks/structure.ts';
import type { Snapshot } from '../schema/types.ts';
import { adviseOn } from './advice/advice.ts';
import { findBadData } from './bad-data/bad-data.ts';
import { probeCascade } from './cascade/cascade.ts';
import type { Finding } from './finding.ts';
import { isDecided, tryVerifyQueries } from './own-queries.ts';
import type { Rehearsal } from './rehearsal.ts';
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
    ...(await tryVerifyQueries(
      stage.reader,
      migrations,
      (text) => rehearsal.loadTables !== undefined || isDecided(text, after),
    )),
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

/** Tables that the migrations made or changed. */
function changedTables(before: Snapshot, after: Snapshot): string[] {
  return [...after.objects]
    .filter(([id, object]) => object.table && before.objects.get(id)?.digest !== object.digest)
    .map(([, object]) => object.name);
}
