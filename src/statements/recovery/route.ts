import { ExitCode, Failure } from '../../errors.ts';
import { type Before, inverseOf } from '../../migrations/inverse/inverse.ts';
import type { Migration, Statement } from '../../migrations/types.ts';
import type { ObjectId } from '../../schema/types.ts';
import type { JournalRow } from '../row.ts';
import { unitsOf } from '../unit.ts';
import { doneOf } from '../way-back/definitions.ts';
import { type OwnTables, ownTables } from '../way-back/own-tables.ts';
import { type Expected, provenEnd } from './expectation.ts';
import { remembering } from './remembered.ts';

interface RouteParts {
  readonly own?: Pick<OwnTables, 'gone'> | undefined;
  /** The definition of an object from after the statement of a row, where that is known. */
  readonly after?: ((row: JournalRow, object: ObjectId) => string | undefined) | undefined;
}

/** The statements that lead from what is done of a migration back to before it, or why nobody knows them. */
export type Route =
  | {
      readonly by: 'nothing to undo' | 'down section' | 'rehearsed end of the down section' | 'exact inverse';
      readonly statements: readonly Statement[];
    }
  | { readonly by: 'none'; readonly reason: string };

/** Nobody knows how a migration is undone: thrown before anything of its run is (exit 3). */
export class NoWayBack extends Failure {
  /** `canGoOn`: its run is unfinished, so that the way forward is still there. */
  constructor(version: string, reason: string, canGoOn: boolean) {
    const restore = 'gateway-migrate restore --backup latest';
    super(`no certain way back from ${version}: ${reason}`, {
      exitCode: ExitCode.failedChanged,
      production: 'changed',
      state: 'what was applied is still in place, nothing was undone',
      next: canGoOn ? `gateway-migrate resume (goes on forward once the file is mended) or ${restore}` : restore,
    });
  }
}

/**
 * Finds the way back. A migration that is completely applied goes back by its own down section. One that was cut off
 * goes back statement by statement: by the exact inverse where one is certain, else by the author's own counterpart
 * when the down section mirrors the up section; else by the end
 * of the down section that a rehearsal proved to lead back from there; else there is no route. `isApplied`: the history
 * says that all of it is done, whatever the journal knows (a restored database has none). `own`: what goes with tables of
 * the run's own.
 */
export function routeBack(
  migration: Migration,
  rows: readonly JournalRow[],
  rehearsed: readonly Expected[] = [],
  isApplied = false,
  { own, after }: RouteParts = {},
): Route {
  const route = findRoute(migration, rows, { rehearsed, isApplied, own, after });
  if (route.by === 'none') return route;
  // An exact inverse says by itself what it makes an object under.
  const asItWas = (statement: Statement) =>
    migration.down.includes(statement) ? remembering([statement], rows) : statement;
  return { ...route, statements: route.statements.flatMap(asItWas) };
}

interface FullParts extends RouteParts {
  readonly rehearsed: readonly Expected[];
  readonly isApplied: boolean;
}

function findRoute(
  migration: Migration,
  rows: readonly JournalRow[],
  { rehearsed, isApplied, own, after = () => undefined }: FullParts,
): Route {
  const done = doneOf(rows);
  const { gone } = own ?? ownTables(migration, done);
  const isDone = new Set(done.map((row) => row.ordinal));
  const effects = effectsOf(migration.up);
  if (isApplied && done.length === 0 && effects.length > 0) return routeWithoutJournal(migration);
  if (!migration.up.some((statement, index) => isDone.has(index + 1) && effects.includes(statement))) {
    return { by: 'nothing to undo', statements: [] };
  }
  const isComplete = migration.up.every((_, index) => isDone.has(index + 1));
  if (isComplete && migration.down.length > 0) return { by: 'down section', statements: migration.down };
  const route = routeByInverses(migration, done, gone, after);
  return route.by === 'none' ? (routeByRehearsal(migration, isDone, rehearsed, gone) ?? route) : route;
}

function routeWithoutJournal({ down }: Migration): Route {
  if (down.length > 0) return { by: 'down section', statements: down };
  return { by: 'none', reason: 'the journal of its run is not in this database, and it has no down section' };
}

/**
 * The end of the down section that was proven to lead back from just here. A rehearsal proves it of the schema alone, so
 * not where rows would have to come back.
 */
function routeByRehearsal(
  migration: Migration,
  isDone: ReadonlySet<number>,
  rehearsed: readonly Expected[],
  gone: ReadonlySet<number>,
): Route | undefined {
  const after = isDone.size;
  const done = migration.up.slice(0, after);
  if (!done.every((_, index) => isDone.has(index + 1))) return undefined;
  if (done.some((one, index) => !gone.has(index + 1) && losesRows(one))) return undefined;
  const statements = provenEnd(rehearsed, migration, after);
  return statements && { by: 'rehearsed end of the down section', statements };
}

/** What it took from the rows no schema tells: a column that was changed or dropped, a table, the rows themselves. */
function losesRows({ kind, verb, text, touches }: Statement): boolean {
  if (kind === 'dml' || kind === 'opaque' || kind === 'truncate') return true;
  if (touches.some(({ action, object }) => action === 'drop' && object.startsWith('table:'))) return true;
  return (
    verb === 'ALTER TABLE' &&
    /\b(?:MODIFY|CHANGE|CONVERT|DROP\s+(?!INDEX|KEY|FOREIGN|PRIMARY|CHECK|CONSTRAINT|DEFAULT))/i.test(text)
  );
}

/**
 * The statements that leave something in the schema or the rows: sessions, administration and what the author rolls
 * back himself do not.
 */
function effectsOf(section: readonly Statement[]): Statement[] {
  return unitsOf(section)
    .filter((unit) => unit.transaction !== 'rollback')
    .flatMap((unit) => unit.statements.map((one) => one.statement))
    .filter(({ kind }) => kind !== 'session' && kind !== 'transaction' && kind !== 'admin');
}

function routeByInverses(
  migration: Migration,
  done: readonly JournalRow[],
  gone: ReadonlySet<number>,
  after: Required<RouteParts>['after'],
): Route {
  const effects = effectsOf(migration.up);
  const first = migration.down.findIndex((statement) => effectsOf(migration.down).includes(statement));
  const [leading, trailing] = [migration.down.slice(0, Math.max(first, 0)), migration.down.slice(Math.max(first, 0))];
  const settings = (some: readonly Statement[]) => some.filter(({ kind }) => kind === 'session');
  const statements: Statement[] = settings(leading);
  for (const row of done.toSorted((a, b) => b.ordinal - a.ordinal)) {
    const statement = migration.up[row.ordinal - 1];
    if (!statement || !effects.includes(statement) || gone.has(row.ordinal)) continue;
    const inverse = inverseOf(statement, definitionsAround(row, after));
    if ('statements' in inverse) {
      statements.push(...inverse.statements);
      continue;
    }
    const counterpart = counterpartOf(migration, row.ordinal - 1);
    if (!counterpart) return { by: 'none', reason: `statement ${row.ordinal} (${statement.verb}): ${inverse.reason}` };
    statements.push(counterpart);
  }
  return { by: 'exact inverse', statements: [...statements, ...settings(trailing)] };
}

/** What stood before, as far as it is known for certain: an object that was there without a noted text is left out. */
function definitionsAround(row: JournalRow, after: Required<RouteParts>['after']): Before {
  const known = Object.entries(row.evidence.objects) as [ObjectId, string | null][];
  return new Map(
    known.flatMap(([id, digest]) => {
      const definition = row.evidence.definitions?.[id];
      const settings = row.evidence.circumstances?.[id];
      if (definition !== undefined) return [[id, { definition, settings, after: after?.(row, id) }] as const];
      return digest === null ? [[id, {}] as const] : [];
    }),
  );
}

/**
 * The down statement that answers the up statement at `index`, when the down section mirrors the up section: as many
 * statements with an effect, in reverse order, each on the same objects as its partner.
 */
function counterpartOf(migration: Migration, index: number): Statement | undefined {
  const [up, down] = [effectsOf(migration.up), effectsOf(migration.down)];
  if (up.length !== down.length) return undefined;
  const mirrored = up.every((statement, place) => sharesObjects(statement, down[down.length - 1 - place]));
  if (!mirrored) return undefined;
  const place = up.indexOf(migration.up[index] as Statement);
  return down[down.length - 1 - place];
}

function sharesObjects(one: Statement, other: Statement | undefined): boolean {
  const names = objectsOf(one);
  return other !== undefined && objectsOf(other).some((name) => names.includes(name));
}

function objectsOf(statement: Statement): string[] {
  const touched = statement.touches.flatMap((touch) => [touch.object, ...(touch.to ? [touch.to] : [])]);
  return [...touched, ...statement.writes.map((table) => `table:${table}`)];
}
