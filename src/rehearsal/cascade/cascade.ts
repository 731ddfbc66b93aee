import type { Migration } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import type { Check } from '../../schema/checks/check.ts';
import type { TenantRule } from '../../schema/checks/tenant.ts';
import type { Snapshot } from '../../schema/types.ts';
import type { Finding } from '../finding.ts';
import { deleteTenant } from './deletion.ts';
import { familyOf } from './family.ts';
import { plant } from './planting.ts';
import { check, find, type Probe } from './probe.ts';
import { probeRefusals, probeSoftDelete } from './refusals.ts';
import { probeSetNull } from './set-null.ts';

export interface CascadeInput {
  /** Writes to the clone, and takes it back. Its sql_mode has to be strict. */
  readonly clone: Session;
  /** The clone's schema. */
  readonly snapshot: Snapshot;
  readonly tenant: TenantRule;
  /** The tables that the migrations make or change: looked at one by one, and a fault there is an error. */
  readonly tables: readonly string[];
  readonly migrations: readonly Migration[];
}

/**
 * One tenant, and a row in every table that hangs on it: what is refused, what becomes NULL, and what is left when the
 * tenant is deleted. All in one transaction that is rolled back.
 */
export async function probeCascade(input: CascadeInput): Promise<{ checks: Check[]; findings: Finding[] }> {
  const { clone, snapshot, tenant } = input;
  const family = familyOf(snapshot, tenant);
  await clone.execute('START TRANSACTION');
  try {
    const plantation = await plant(clone, family);
    const probe: Probe = { ...input, session: clone, family, plantation, checks: [], findings: [] };
    tellOfFailures(probe);
    for (const table of input.tables) await probeTable(probe, table);
    if (tenant.onDelete === 'CASCADE') await deleteTenant(probe);
    return { checks: probe.checks, findings: probe.findings };
  } finally {
    await clone.execute('ROLLBACK');
  }
}

async function probeTable(probe: Probe, table: string): Promise<void> {
  const member = probe.family.get(table);
  if (!member?.isTenants) {
    check(probe, table, `hangs on ${probe.tenant.table}`, true, 'it does not, so nothing is to be looked at');
    return;
  }
  if (!probe.plantation.rows.has(table)) return;
  await probeRefusals(probe, member);
  await probeSoftDelete(probe, member);
  await probeSetNull(probe, member);
}

function tellOfFailures(probe: Probe): void {
  for (const [table, words] of probe.plantation.failures) {
    check(probe, table, 'takes a row', false, words, { allowedBy: 'cascade-not-probed' });
    find(probe, table, {
      name: 'cascade-not-probed',
      what: `no row could be made for ${table}: ${words}`,
      why: `what becomes of its rows when one of ${probe.tenant.table} is deleted is not known`,
      fix: 'look at it by hand, or say so: -- migrate:allow cascade-not-probed REASON',
    });
  }
}
