import type { Config } from '../../config/config.ts';
import type { VerifyGroup } from '../../config/verify-groups.ts';
import { findEmptied } from '../../exchange/emptied.ts';
import type { Server, Session } from '../../mysql/connect.ts';
import { checkQueries, type VerifyScope } from '../../phases/migrate/verify.ts';
import { checkEmptied } from '../../preflight/database.ts';
import type { Check } from '../../run/check.ts';
import { checkAutoIncrement } from '../../schema/checks/database/auto-increment.ts';
import type { Subject } from '../../schema/checks/database/rule.ts';
import { checkRules } from '../../schema/checks/database/rules.ts';
import { linkOf } from '../../schema/checks/orphans/link.ts';
import { checkTypes, polymorphicLinks } from '../../schema/checks/orphans/polymorphic.ts';
import { searchOrphans } from '../../schema/checks/orphans/search.ts';
import { checkPlans } from '../../schema/checks/plans.ts';
import { configuredReferences, foreignKeyReferences } from '../../schema/checks/references.ts';
import { checkIndexesExist, checkTablesExist, countParts } from '../../schema/checks/structure.ts';
import { checkTenant, type TenantRule, tenantRuleName, tenantTables } from '../../schema/checks/tenant.ts';
import { readSnapshot } from '../../schema/snapshot.ts';
import type { Invocation } from '../shared/invocation.ts';

export interface CollectParts {
  readonly config: Config;
  readonly server: Server;
  readonly session: Session;
  /** What the applied migrations made, and their queries. */
  readonly scope: VerifyScope;
  readonly groups: ReadonlySet<VerifyGroup>;
  readonly budgetMs?: number | undefined;
  readonly jobs?: number | undefined;
  readonly invocation: Pick<Invocation, 'signal' | 'clock' | 'hub'>;
}

/** One that waits for the disk leaves a processor to the other. */
const JOBS = 2;
/** What is done by then needs no progress. */
const QUIET_MS = 3_000;
const TOLD_EVERY_MS = 500;

/** The checks of the groups that read the database's schema and rows. The schema is read once, in a fixed number of queries. */
export async function collectDatabase(parts: CollectParts): Promise<Check[]> {
  const { config, server, session, scope, groups } = parts;
  const { verify } = config;
  const snapshot = await readSnapshot(session, server.target.database);
  const subject: Subject = { snapshot, ...verify };
  const { tables = [], queries = [] } = scope;
  const has = (group: VerifyGroup) => groups.has(group);
  return [
    ...checkEmptied(await findEmptied(session, server.target.database)),
    ...(has('schema')
      ? [
          ...checkTablesExist(snapshot, 'required tables', verify.requireTables),
          ...checkTablesExist(snapshot, 'tables', tables),
          ...countParts(snapshot, tables),
          ...checkIndexesExist(snapshot, verify.requireIndexes),
          ...checkRules('schema', subject),
          ...(await checkAutoIncrement(session, server.flavor, snapshot)),
        ]
      : []),
    ...(has('tenant') && verify.tenant ? collectTenant(subject, verify.tenant, scope) : []),
    ...(has('references') ? checkRules('references', subject) : []),
    ...(has('orphans') ? await collectOrphans(parts, subject) : []),
    ...(has('plans') ? await checkPlans(session, server.flavor, verify.plans) : []),
    ...(has('queries') ? await checkQueries(session, queries) : []),
  ];
}

/**
 * The tables of the applied migrations, and then every other table with the tenant column: a breach there is an error
 * once the configuration declares for whom the rules hold (`verify.tenant.except`), and advice before.
 */
function collectTenant(subject: Subject, rule: TenantRule, scope: VerifyScope): Check[] {
  const { tables = [] } = scope;
  const others = tenantTables(subject.snapshot, rule).filter((table) => !tables.includes(table));
  const declared = rule.except ? others : [];
  return [
    ...checkTenant(subject.snapshot, rule, tables, scope),
    ...checkTenant(subject.snapshot, rule, others, { made: declared }).map((check) =>
      check.ok || rule.except ? check : asAdvice(check),
    ),
    ...checkRules('tenant', subject),
  ];
}

function asAdvice(check: Check): Check {
  const [object = ''] = check.name.split(' ');
  return {
    ...check,
    level: 'advice',
    kind: tenantRuleName(check),
    headline: check.name.slice(object.length + 1),
    object,
  };
}

/** Every foreign key of the database, and every reference that is declared. */
async function collectOrphans(parts: CollectParts, { snapshot }: Subject): Promise<Check[]> {
  const { server, session, config, invocation, budgetMs, jobs = JOBS } = parts;
  const { references, polymorphic } = config.verify;
  const links = [
    ...foreignKeyReferences(snapshot).map((reference) => linkOf(reference, snapshot, true)),
    ...configuredReferences(snapshot, references).map((reference) => linkOf(reference, snapshot, false)),
    ...polymorphicLinks(polymorphic, snapshot),
  ];
  const { signal, clock, hub } = invocation;
  const startedMs = clock.ticksMs();
  let toldMs = startedMs + QUIET_MS - TOLD_EVERY_MS;
  const progress = (done: number) => {
    const nowMs = clock.ticksMs();
    if (nowMs - toldMs < TOLD_EVERY_MS) return;
    toldMs = nowMs;
    const perSecond = (done / (nowMs - startedMs)) * 1000;
    const etaMs = ((links.length - done) / perSecond) * 1000;
    hub.report({ type: 'progress', id: 'verify', done, total: links.length, unit: 'items', perSecond, etaMs });
  };
  const search = { server, snapshot, jobs, budgetMs, signal, ticksMs: clock.ticksMs, progress };
  return [
    ...(await searchOrphans(links, search)),
    ...(await checkTypes(session, server.flavor, snapshot.database, polymorphic)),
  ];
}
