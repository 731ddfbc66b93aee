import type { Config } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import { ExitCode, Failure } from '../../errors.ts';
import type { Session } from '../../mysql/connect.ts';
import type { Flavor } from '../../mysql/flavor.ts';
import { type Check, detailOf } from '../../schema/checks/check.ts';
import { checkOrphans } from '../../schema/checks/orphans.ts';
import { checkPlans } from '../../schema/checks/plans.ts';
import { configuredReferences, foreignKeyReferences } from '../../schema/checks/references.ts';
import {
  checkDrift,
  checkIndexesExist,
  checkTablesExist,
  countParts,
  describeContents,
} from '../../schema/checks/structure.ts';
import { type AllowedBreach, checkTenant, tenantTables } from '../../schema/checks/tenant.ts';
import { readSnapshot } from '../../schema/snapshot.ts';
import type { Snapshot } from '../../schema/types.ts';
import type { Phase } from '../phase.ts';

/** What is verified, beside the configuration. */
export interface VerifyScope {
  /** The tables that the applied migrations made or changed. Default: every table with the tenant column. */
  readonly tables?: readonly string[] | undefined;
  /** Those of `tables` that they made: in what they only changed a fault may have been there before. Default: all. */
  readonly made?: readonly string[] | undefined;
  /** Part of a run: orphans in a table that it did not make were there before, and are no reason to undo it. */
  readonly isOfRun?: boolean | undefined;
  /** What these migrations allow of the tenant rule. */
  readonly allowed?: readonly AllowedBreach[] | undefined;
  /** The schema as it should be, for example as it was rehearsed. */
  readonly expected?: Snapshot | undefined;
  /** The `-- migrate:verify` queries of applied migrations: none may return a row. */
  readonly queries?: readonly { readonly version: string; readonly statements: readonly string[] }[] | undefined;
}

export interface VerifyInputs extends VerifyScope {
  readonly flavor: Flavor;
  readonly database: string;
  readonly verify: Config['verify'];
}

/** Looks at everything and reports every check; fails when one of level error does not hold. Changes nothing. */
export function verifyPhase(verify: Config['verify'], scope: VerifyScope = {}): Phase<'verify'> {
  return {
    async run(_input, context) {
      const { checks, contents } = await openAndCollect(verify, scope, context);
      for (const check of checks) context.report({ type: 'check', ...check });
      requireNoErrors(checks);
      return `${checks.length} checks: ${contents}`;
    },
    async probe() {
      return 'not-done';
    },
  };
}

export interface Collected {
  /** In the order of the report. */
  readonly checks: readonly Check[];
  /** What was looked at, in a few words: `6 tables, 18 foreign keys (6/6 CASCADE), 45 indexes, 0 orphans`. */
  readonly contents: string;
}

/** Every check. Only a lost connection throws; what a check meets is its finding. */
export async function collectChecks(session: Session, inputs: VerifyInputs): Promise<Collected> {
  const { flavor, database, verify, queries = [], made = inputs.tables ?? [] } = inputs;
  const snapshot = await readSnapshot(session, database);
  const tables = inputs.tables ?? (verify.tenant ? tenantTables(snapshot, verify.tenant) : []);
  const references = [
    ...foreignKeyReferences(snapshot, inputs.tables),
    ...configuredReferences(snapshot, verify.references),
  ];
  const orphans = (await checkOrphans(session, flavor, database, references)).map((check, place) =>
    inputs.isOfRun && !made.includes(references[place]?.table ?? '') ? asWarning(check) : check,
  );
  const checks = [
    ...checkTablesExist(snapshot, 'required tables', verify.requireTables),
    ...checkTablesExist(snapshot, 'tables', tables),
    ...countParts(snapshot, tables),
    ...checkIndexesExist(snapshot, verify.requireIndexes),
    ...(verify.tenant ? checkTenant(snapshot, verify.tenant, inputs.tables, inputs) : []),
    ...orphans,
    ...(inputs.expected ? [checkDrift(inputs.expected, snapshot)] : []),
    ...(await checkPlans(session, flavor, verify.plans)),
    ...(await checkQueries(session, queries)),
  ];
  return { checks, contents: describeContents(snapshot, tables, verify.tenant, orphans) };
}

function asWarning(check: Check): Check {
  return check.ok ? check : { ...check, level: 'warning' };
}

/** Throws the failure that names every check of level error that does not hold. */
export function requireNoErrors(checks: readonly Check[]): void {
  const failed = checks.filter((check) => !check.ok && check.level === 'error');
  if (failed.length === 0) return;
  const count = failed.length === 1 ? '1 check does not hold' : `${failed.length} checks do not hold`;
  throw new Failure(`${count}: ${failed.map((check) => check.name).join('; ')}`, {
    exitCode: ExitCode.finding,
    production: 'unchanged',
    state: 'the checks only read, they changed nothing',
    next: 'gateway-migrate verify',
  });
}

async function openAndCollect(verify: Config['verify'], scope: VerifyScope, context: Context): Promise<Collected> {
  const { server } = context;
  const session = await server.open();
  try {
    return await collectChecks(session, {
      ...scope,
      verify,
      flavor: server.flavor,
      database: server.target.database,
    });
  } finally {
    await session.close();
  }
}

/** Runs the authors' queries where nothing can be written. START TRANSACTION READ ONLY would not do: DDL ends it and runs. */
export async function checkQueries(session: Session, queries: NonNullable<VerifyScope['queries']>): Promise<Check[]> {
  const checks: Check[] = [];
  for (const { version, statements } of queries) {
    for (const [index, statement] of statements.entries()) {
      checks.push(await checkQuery(session, `${version} query ${index + 1}`, statement));
    }
  }
  return checks;
}

async function checkQuery(session: Session, name: string, statement: string): Promise<Check> {
  const check = { group: 'verify queries', name, level: 'error' } as const;
  await session.query('SET SESSION TRANSACTION READ ONLY');
  try {
    const { rows } = await session.execute(statement);
    const detail = rows === 0 ? 'no row' : `${rows === 1 ? '1 row' : `${rows} rows`}, expected none: ${statement}`;
    return { ...check, ok: rows === 0, detail };
  } catch (error) {
    return { ...check, ok: false, detail: detailOf(error) };
  } finally {
    await session.query('SET SESSION TRANSACTION READ WRITE');
  }
}
