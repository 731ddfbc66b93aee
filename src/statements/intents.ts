import type { ObjectId } from '../schema/types.ts';
import { touchedObjects } from './evidence.ts';
import { forgetIntentSql, intentSql, type StatementKey } from './journal.ts';
import type { Evidence } from './row.ts';
import type { Section } from './section.ts';
import type { Unit } from './unit.ts';
import { commitDeferred, type Workbench } from './workbench.ts';

/** The unit of a section that is about to run, and the sections that come after it. */
export interface Turn {
  readonly section: Section;
  /** Place of the unit in its section. */
  readonly index: number;
  readonly later: readonly Section[];
}

/** An intent that was committed before its turn, with those in front of it. */
export interface Ahead {
  readonly key: StatementKey;
  /** Writes that undo the noting, should its turn never come. */
  readonly takeBack: readonly string[];
}

/** After a crash each of them is decided by what is there, which costs a read. */
const MOST_TOGETHER = 32;

/**
 * Makes the intents of the unit durable before it runs. Statements that only make something new leave everything else as
 * it is, so what stands before each of several in a row is known before the first of them runs: their intents commit
 * together, and one flush to disk serves all of them.
 */
export async function noteIntents(turn: Turn, bench: Workbench): Promise<void> {
  const [noted] = bench.ahead;
  if (noted && isKeyOf(noted.key, turn.section, turn.section.units[turn.index])) {
    bench.ahead.shift();
    return;
  }
  const together = await chooseTogether(turn, bench);
  await commitDeferred(
    bench,
    together.flatMap((one) => one.writes),
  );
  bench.ahead.push(...together.slice(1).flatMap(toAhead));
}

/** Writes that undo the noting of all whose turn has not come and never will. */
export function takeBackAhead(bench: Workbench): string[] {
  return bench.ahead.splice(0).flatMap(({ takeBack }) => takeBack);
}

interface Coming {
  readonly section: Section;
  readonly unit: Unit;
  /** The first unit of its section. */
  readonly isOpening: boolean;
}

interface Noted extends Coming {
  readonly writes: readonly string[];
}

async function chooseTogether(turn: Turn, bench: Workbench): Promise<Noted[]> {
  const together: Noted[] = [];
  const made = new Set<ObjectId>();
  let isInRow = true;
  for (const coming of comingUp(turn)) {
    const evidence = await Promise.all(coming.unit.statements.map(({ statement }) => bench.evidence.before(statement)));
    const isNew = makesOnlyNew(coming.unit, evidence, made);
    if (together.length > 0 && !(isInRow && isNew)) break;
    isInRow = isNew;
    for (const { statement } of coming.unit.statements) for (const id of touchedObjects(statement)) made.add(id);
    together.push({ ...coming, writes: writesOf(coming, evidence, bench.work.connectionId) });
    if (together.length === MOST_TOGETHER) break;
  }
  return together;
}

/** The units from here on, as far as it is certain that nothing else happens between them. */
function* comingUp({ section, index, later }: Turn): Generator<Coming> {
  for (const [place, unit] of section.units.entries()) {
    if (place >= index) yield { section, unit, isOpening: place === 0 };
  }
  const [next, ...rest] = later;
  if (next?.canOpenAhead && !section.leavesTraces) yield* comingUp({ section: next, index: 0, later: rest });
}

/** It makes objects that are not there, and that nothing in front of it makes. */
function makesOnlyNew({ statements }: Unit, evidence: readonly Evidence[], made: ReadonlySet<ObjectId>): boolean {
  const [only] = statements;
  if (!only || statements.length > 1 || only.statement.kind !== 'ddl') return false;
  const { touches } = only.statement;
  const isNew = (id: ObjectId) => (evidence[0]?.objects[id] ?? null) === null && !made.has(id);
  return (
    touches.length > 0 &&
    touches.every(({ action, schema, object }) => {
      return action === 'create' && schema === undefined && isNew(object);
    })
  );
}

function writesOf({ section, unit, isOpening }: Coming, evidence: readonly Evidence[], connectionId: number): string[] {
  const intents = unit.statements.map(({ ordinal, statement }, place) =>
    intentSql({
      ...keyOf(section, ordinal),
      digest: statement.digest,
      kind: statement.kind,
      connectionId,
      evidence: evidence[place] ?? { objects: {} },
      statement: statement.text,
    }),
  );
  return isOpening ? [...section.opening, ...intents] : intents;
}

function toAhead({ section, unit, isOpening }: Coming): Ahead[] {
  return unit.statements.map(({ ordinal }) => {
    const key = keyOf(section, ordinal);
    return { key, takeBack: [forgetIntentSql(key), ...(isOpening ? section.unopening : [])] };
  });
}

function isKeyOf(key: StatementKey, section: Section, unit: Unit | undefined): boolean {
  const { version, direction } = section;
  return key.version === version && key.direction === direction && key.ordinal === unit?.statements[0]?.ordinal;
}

/** The journal's key of a statement. */
export function keyOf({ run, version, direction }: Omit<StatementKey, 'ordinal'>, ordinal: number): StatementKey {
  return { run, version, direction, ordinal };
}
