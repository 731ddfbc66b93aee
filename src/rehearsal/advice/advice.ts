import { withoutAllowed } from '../allowance.ts';
import type { Finding } from '../finding.ts';
import { adviseOnColumns } from './columns.ts';
import { adviseOnIndexes } from './indexes.ts';
import { adviseOnEmptied, adviseOnRemovals, adviseOnWaysBack } from './removals.ts';
import { type AdviceInput, changedTables } from './review.ts';
import { adviseOnTenant } from './tenant.ts';
import { adviseOnUniqueKeys } from './unique-keys.ts';

const RULES = [adviseOnTenant, adviseOnUniqueKeys, adviseOnColumns, adviseOnIndexes];

/**
 * What is to be said of the tables that the migrations create or change. A breach of the tenant rule is an error; the
 * rest is advice. What such a table had before comes without a version. A migration's own `-- migrate:allow` silences.
 */
export function adviseOn(input: AdviceInput): Finding[] {
  const ofTables = changedTables(input).flatMap((review) => RULES.flatMap((rule) => rule(review)));
  const ofRows = [...adviseOnRemovals(input), ...adviseOnEmptied(input), ...adviseOnWaysBack(input)];
  return withoutAllowed([...ofTables, ...ofRows], input.migrations);
}
