import type { Check } from '../check.ts';
import { duplicateIndexes } from './duplicate-indexes.ts';
import { engine } from './engine.ts';
import { primaryKey } from './primary-key.ts';
import { referenceWidth } from './reference-width.ts';
import { checkRule, type Rule, type Subject } from './rule.ts';
import { tenantCoverage, tenantExceptions } from './tenant-coverage.ts';
import { tenantOrder } from './tenant-order.ts';
import { unindexedReferences } from './unindexed-references.ts';
import { uniqueNull } from './unique-null.ts';
import { uniqueTenant } from './unique-tenant.ts';

const RULES: readonly Rule[] = [
  primaryKey,
  engine,
  duplicateIndexes,
  uniqueNull,
  tenantCoverage,
  tenantExceptions,
  tenantOrder,
  uniqueTenant,
  unindexedReferences,
  referenceWidth,
];

/** Every rule of one group, over every table of the database. Pure. */
export function checkRules(group: Rule['group'], subject: Subject): Check[] {
  const rules = RULES.filter((rule) => rule.group === group && (group !== 'tenant' || subject.tenant));
  return rules.flatMap((rule) => checkRule(rule, subject));
}
