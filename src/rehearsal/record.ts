import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { Migration } from '../migrations/types.ts';
import type { Server } from '../mysql/connect.ts';
import { diffSnapshots, formatDifferences } from '../schema/diff.ts';
import type { Digests, Expected } from '../statements/recovery/expectation.ts';
import { touchedObjects } from '../statements/recovery/places.ts';
import { makeFolder, writeFileAtomically } from '../system/files.ts';
import type { Finding } from './finding.ts';
import type { Applied } from './forward.ts';
import type { Forecast } from './locks/forecast.ts';
import type { BoundaryRoute } from './way-back/boundaries.ts';

const FORMAT = 3;
/** More of a schema nobody reads. */
const MOST_CHANGES = { objects: 50, lines: 80 };

/** `<state>/rehearsal/<database>.json`: what was rehearsed, on what, and how it went. */
export interface RehearsalRecord {
  readonly format: typeof FORMAT;
  /** ISO 8601 with offset. */
  readonly at: string;
  readonly database: string;
  /** Production's server, e.g. `MySQL 9.7.4`, and the one rehearsed on. */
  readonly server: string;
  readonly rehearsedOn: string;
  /** Of production's schema before the first migration. */
  readonly fingerprint: string;
  /** Digest of what the configuration asks of the database: the verification of the deploy asks it again. */
  readonly asked: string;
  readonly verdict: 'ready' | 'not ready';
  readonly migrations: readonly RehearsedMigration[];
  readonly findings: readonly Finding[];
}

export interface RehearsedMigration {
  readonly version: string;
  readonly name: string;
  readonly checksum: string;
  /** Of a PHP migration: the checksum of the SQL that was rehearsed. */
  readonly translation?: string | undefined;
  readonly statements: readonly RehearsedStatement[];
  /** What it makes of the schema: `table customers changed`, and below it the facts. Records of older versions have none. */
  readonly changes?: readonly string[] | undefined;
  /** Where it was tried to go back from its middle. */
  readonly routes: readonly BoundaryRoute[];
}

export interface RehearsedStatement {
  readonly ordinal: number;
  readonly verb: string;
  readonly digest: string;
  /** It acts on the whole server and was left out. */
  readonly isLeftOut: boolean;
  readonly ms: number;
  readonly rows: number;
  readonly warnings: readonly string[];
  /** Of the clone after it. */
  readonly fingerprint: string;
  /** Digests of the objects it touches, before and after it; null: not there. */
  readonly before: Digests;
  readonly objects: Digests;
  readonly lock?: Omit<Forecast, 'finding'> | undefined;
}

/** PURE. */
export function recordOf({ migration, before, steps }: Applied, routes: readonly BoundaryRoute[]): RehearsedMigration {
  const { version, name, checksum, translation } = migration;
  const statements = steps.map(({ performed, after, forecast }): RehearsedStatement => {
    const { ordinal, statement, result, ms, isLeftOut } = performed;
    const objects = touchedObjects(statement, after.database).map(
      (id) => [id, after.objects.get(id)?.digest ?? null] as const,
    );
    const { finding: _, ...lock } = forecast ?? {};
    return {
      ordinal,
      verb: statement.verb,
      digest: statement.digest,
      isLeftOut,
      ms: Math.round(ms),
      rows: result.rows,
      warnings: result.warnings,
      fingerprint: after.fingerprint,
      before: performed.evidence.objects,
      objects: Object.fromEntries(objects),
      ...(forecast ? { lock: lock as Omit<Forecast, 'finding'> } : {}),
    };
  });
  const changes = formatDifferences(diffSnapshots(before, steps.at(-1)?.after ?? before), MOST_CHANGES);
  return { version, name, checksum, ...(translation ? { translation } : {}), statements, changes, routes };
}

export function recordPath(stateDir: string, database: string): string {
  return join(stateDir, 'rehearsal', `${encodeURIComponent(database)}.json`);
}

/** Returns where it was written. */
export async function writeRecord(stateDir: string, parts: Omit<RehearsalRecord, 'format'>): Promise<string> {
  const path = recordPath(stateDir, parts.database);
  await makeFolder(join(stateDir, 'rehearsal'));
  await writeFileAtomically(path, `${JSON.stringify({ format: FORMAT, ...parts }, null, 2)}\n`);
  return path;
}

/** Undefined when there is none, or none that can be read. */
export async function readRecord(stateDir: string, database: string): Promise<RehearsalRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(recordPath(stateDir, database), 'utf8')) as RehearsalRecord;
    return record.format === FORMAT && Array.isArray(record.migrations) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** What a recovery on `server` may decide by: only the same server prints a definition in the same words. */
export async function readExpected(stateDir: string, { target, flavor }: Server): Promise<readonly Expected[]> {
  const record = await readRecord(stateDir, target.database);
  const isSame = record?.server === flavor.label && record.rehearsedOn === flavor.label;
  return isSame ? record.migrations : [];
}

export function digestOfAsked(verify: Config['verify']): string {
  return createHash('sha256').update(JSON.stringify(verify)).digest('hex');
}

/** What a deploy is about to do, as far as a rehearsal must have seen it. */
export interface Intended {
  readonly fingerprint: string;
  readonly asked: string;
  readonly server: string;
  readonly migrations: readonly Migration[];
}

/**
 * PURE: why a record is no evidence for this deploy; undefined when it is. Fewer migrations than rehearsed will do,
 * as long as they are the first of them.
 */
export function whyNoEvidence(record: RehearsalRecord | undefined, intended: Intended): string | undefined {
  if (!record) return 'it was never rehearsed';
  if (record.verdict !== 'ready') return 'the last rehearsal found it not ready';
  if (record.fingerprint !== intended.fingerprint) return "production's schema has changed since the rehearsal";
  if (record.server !== intended.server)
    return `it was rehearsed for ${record.server}, production is ${intended.server}`;
  if (record.asked !== intended.asked) return 'verify in the configuration has changed since the rehearsal';
  const changed = intended.migrations.find(
    ({ version, checksum, translation }, index) =>
      record.migrations[index]?.version !== version ||
      record.migrations[index]?.checksum !== checksum ||
      record.migrations[index]?.translation !== translation,
  );
  if (!changed) return undefined;
  const isKnown = record.migrations.some((one) => one.version === changed.version);
  return isKnown
    ? `${changed.version} was changed since the rehearsal, or comes in another order`
    : `${changed.version} was not rehearsed`;
}
