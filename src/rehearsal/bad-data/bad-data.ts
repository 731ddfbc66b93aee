import type { Migration } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import type { Flavor } from '../../mysql/flavor.ts';
import type { Snapshot } from '../../schema/types.ts';
import { withoutAllowed } from '../allowance.ts';
import type { Finding } from '../finding.ts';
import { changedTables } from './changed-table.ts';
import { findCheckBreakers } from './checks.ts';
import { findDuplicates } from './duplicates.ts';
import { findGeneratedMisfits } from './generated-columns.ts';
import { findMisfits } from './narrowing.ts';
import { findColumnsWithoutValue } from './new-columns.ts';
import { findNulls } from './nulls.ts';
import { findOrphans } from './orphans.ts';
import { findRowsWithoutPartition } from './partitions.ts';

const WITHIN_MS = 5_000;

export interface BadDataInput {
  /** Of production: it is only read from. */
  readonly session: Session;
  readonly flavor: Flavor;
  readonly database: string;
  /** Production's schema. */
  readonly snapshot: Snapshot;
  /** The clone's schema after the migrations: what the server made of them, whatever they are written like. */
  readonly after: Snapshot;
  readonly migrations: readonly Migration[];
  /** For each question, in milliseconds. */
  readonly withinMs?: number;
}

/**
 * Rows of production on which the migrations would fail, although they run on an empty clone. What takes too long to
 * look for is told as advice. Throws when the connection is lost.
 */
export async function findBadData(input: BadDataInput): Promise<Finding[]> {
  const inquiry = { withinMs: WITHIN_MS, ...input };
  const findings: Finding[] = [];
  for (const table of changedTables(input.snapshot, input.after, input.migrations)) {
    findings.push(
      ...(await findNulls(inquiry, table)),
      ...(await findColumnsWithoutValue(inquiry, table)),
      ...(await findGeneratedMisfits(inquiry, table)),
      ...(await findMisfits(inquiry, table)),
      ...(await findCheckBreakers(inquiry, table)),
      ...(await findRowsWithoutPartition(inquiry, table)),
      ...(await findDuplicates(inquiry, table)),
      ...(await findOrphans(inquiry, table, { name: input.after.database, production: input.snapshot })),
    );
  }
  return withoutAllowed(findings, input.migrations);
}
