import type { ObjectId } from '../schema/types.ts';
import { forgetIntent, noteIntent, type StatementKey } from './journal.ts';
import { idsOf } from './recovery/verdict.ts';
import type { Evidence } from './row.ts';
import type { Ahead, Section, Turn } from './turn.ts';
import type { Unit } from './unit.ts';
import { commitDeferred, type Workbench } from './workbench.ts';
import type { Write } from './write.ts';

/** Intents in one commit. After a crash each of them is decided by what is there, which costs a read. */
export const MOST_TOGETHER = 64;

/**
 * Makes the intents of the unit durable before it runs. Statements that only make something new leave everything else as
 * it is, so what stands before each of several in a row is known before the first of them runs: their intents commit
 * together, and one flush to disk serves all of them.
 */
export async function noteIntents(turn: Turn, bench: Workbench): Promise<void> {
  const [noted] = bench.ahead;
  if (noted && isOf(noted, turn.section, turn.section.units[turn.index])) {
    bench.ahead.shift();
    return;
  }
  const together = await chooseTogether(turn, bench);
  await commitDeferred(bench, writesOf(together));
  bench.ahead.push(...together.slice(1).flatMap(({ ahead }) => ahead));
}

/** Writes that undo the noting of all whose turn has not come and never will. */
export function takeBackAhead(bench: Workbench): Write[] {
  return bench.ahead.splice(0).flatMap(({ takeBack }) => takeBack);
}

/** A unit whose turn is to come. */
export interface Coming {
  readonly section: Section;
  readonly unit: Unit;
  /** The first unit of its section. */
  readonly isOpening: boolean;
}

/** What notes the intents of a unit. */
export interface Noting {
  readonly opening: readonly Write[];
  readonly intents: readonly Write[];
  /** What it notes ahead of the unit's turn. */
  readonly ahead: readonly Ahead[];
}

async function chooseTogether(turn: Turn, bench: Workbench): Promise<Noting[]> {
  const together: Noting[] = [];
  const made = new Set<ObjectId>();
  let isInRow = true;
  if (isCreating(turn.section.units[turn.index])) await bench.evidence.lookAround();
  for (const coming of comingUp(turn)) {
    // What stands before it is read in its own turn.
    if (together.length > 0 && !(isInRow && mayMakeOnlyNew(coming.unit))) break;
    const evidence = await Promise.all(coming.unit.statements.map(({ statement }) => bench.evidence.before(statement)));
    const isNew = makesOnlyNew(coming.unit, evidence, made);
    if (together.length > 0 && !(isInRow && isNew)) break;
    isInRow = isNew;
    for (const { statement } of coming.unit.statements) for (const id of idsOf(statement)) made.add(id);
    together.push(noting(coming, evidence, bench.work.connectionId));
    if (together.length === MOST_TOGETHER) break;
  }
  return together;
}

function isCreating(unit: Unit | undefined): boolean {
  return unit?.statements.some(({ statement }) => statement.touches.some(({ action }) => action === 'create')) ?? false;
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
export function makesOnlyNew(
  { statements }: Unit,
  evidence: readonly Evidence[],
  made: ReadonlySet<ObjectId>,
): boolean {
  const isNew = (id: ObjectId) => (evidence[0]?.objects[id] ?? null) === null && !made.has(id);
  const touches = statements[0]?.statement.touches ?? [];
  return mayMakeOnlyNew({ statements }) && touches.every(({ object }) => isNew(object));
}

function mayMakeOnlyNew({ statements }: Pick<Unit, 'statements'>): boolean {
  const [only] = statements;
  if (!only || statements.length > 1 || only.statement.kind !== 'ddl') return false;
  const { touches } = only.statement;
  return touches.length > 0 && touches.every(({ action, schema }) => action === 'create' && schema === undefined);
}

/** What notes the intents of a unit before it runs; `evidence` in the order of its statements. */
export function noting(
  { section, unit, isOpening }: Coming,
  evidence: readonly Evidence[],
  connectionId: number,
): Noting {
  const intents = unit.statements.map(({ ordinal, statement, accounts }, place) =>
    noteIntent({
      ...keyOf(section, ordinal),
      digest: statement.digest,
      kind: statement.kind,
      connectionId,
      // Killed once more, it is decided by what stood before it was sent for the first time.
      evidence: { ...(evidence[place] ?? { objects: {} }), ...(accounts ? { accounts } : {}) },
      statement: statement.text,
    }),
  );
  const ahead = unit.statements.map(({ ordinal }) => {
    const key = keyOf(section, ordinal);
    return { key, takeBack: [forgetIntent(key), ...(isOpening ? section.unopening : [])] };
  });
  return { opening: isOpening ? section.opening : [], intents, ahead };
}

/** The writes of several, alike ones side by side. */
export function writesOf(notings: readonly Noting[]): Write[] {
  return [...notings.flatMap(({ opening }) => opening), ...notings.flatMap(({ intents }) => intents)];
}

/** True when this was noted for that unit. */
export function isOf({ key }: Ahead, section: Section, unit: Unit | undefined): boolean {
  const { version, direction } = section;
  return key.version === version && key.direction === direction && key.ordinal === unit?.statements[0]?.ordinal;
}

/** The journal's key of a statement. */
export function keyOf({ run, version, direction }: Omit<StatementKey, 'ordinal'>, ordinal: number): StatementKey {
  return { run, version, direction, ordinal };
}
