import type { Migration } from '../migrations/types.ts';
import type { Session } from '../mysql/connect.ts';
import { type Check, fails, holds } from '../run/check.ts';
import { describeFinding, runDataChecks } from '../statements/data-checks.ts';

const GROUP = 'data';
/** The table or column that a check names may come from an earlier pending migration: then it is asked later. */
const NOT_YET_THERE = new Set([1146, 1054, 1305, 1356]);

/** Asks production the `-- migrate:check` queries of pending migrations, before anything is touched. */
export async function checkData(session: Session, pending: readonly Migration[]): Promise<Check[]> {
  const checks: Check[] = [];
  for (const migration of pending.filter((one) => one.check.length > 0)) {
    checks.push(...(await checkOne(session, migration)));
  }
  return checks;
}

async function checkOne(session: Session, migration: Migration): Promise<Check[]> {
  const about = { group: GROUP, name: migration.version };
  const remedy = 'mend the rows, then look again: gateway-migrate doctor';
  try {
    const findings = await runDataChecks(session, migration);
    if (findings.length === 0)
      return [holds({ ...about, detail: `its ${migration.check.length} checks return no row` })];
    return findings.map((finding) => fails({ ...about, detail: describeFinding(finding), remedy }));
  } catch (error) {
    const { errno, message } = error as { errno?: number; message: string };
    if (errno !== undefined && NOT_YET_THERE.has(errno)) return [];
    return [
      fails({ ...about, detail: `its check cannot be run: ${message}`, remedy: 'mend its -- migrate:check section' }),
    ];
  }
}
