import type { Context } from '../context.ts';
import { compareVersions } from '../migrations/file-name.ts';
import type { Session } from '../mysql/connect.ts';
import type { ObjectId } from '../schema/types.ts';
import { isOf, MOST_TOGETHER, makesOnlyNew, type Noting, noting, takeBackAhead, writesOf } from './intents.ts';
import { MOST_LANES } from './recovery/dead-client.ts';
import { runUnit } from './section.ts';
import type { Section } from './turn.ts';
import { commitDeferred, openWork, type Workbench } from './workbench.ts';
import type { Write } from './write.ts';

/** To open a connection costs about as much as it wins with this many statements. */
const WORTH_A_LANE = 4;
/** It is one CREATE TABLE. */
const NOTHING = { variables: [], lastInsertId: false } as const;
/** What a CREATE TABLE says that looks at anything but itself; said in a comment or a literal, it counts all the same. */
const LOOKS_AROUND = /\b(?:REFERENCES|LIKE|SELECT|AS|UNION|TABLESPACE|CONNECTION|NEXT|NEXTVAL|LASTVAL|PREVIOUS)\b/i;

/** The leading ones of these sections that may run side by side; empty where that would not be worth it. */
export function sideBySide(sections: readonly Section[]): readonly Section[] {
  const end = sections.findIndex((section) => !standsAlone(section));
  const alone = end < 0 ? sections : sections.slice(0, end);
  return lanesFor(alone.length) > 1 ? alone : [];
}

/** The sections that run one after another until some can run side by side: as many as may be noted together. */
export function untilSideBySide(sections: readonly Section[]): readonly Section[] {
  const near = sections.slice(0, MOST_TOGETHER);
  const end = near.findIndex((_, index) => sideBySide(sections.slice(index)).length > 0);
  return end < 0 ? near : near.slice(0, end);
}

/** One CREATE TABLE that neither needs another object nor is needed by the statements around it. */
function standsAlone({ canOpenAhead, all }: Section): boolean {
  const [only] = all;
  if (!canOpenAhead || !only || all.length > 1) return false;
  return only.statement.verb === 'CREATE TABLE' && !LOOKS_AROUND.test(only.statement.text);
}

function lanesFor(count: number): number {
  return Math.min(MOST_LANES, Math.floor(count / WORTH_A_LANE));
}

export interface SideBySide {
  readonly sections: readonly Section[];
  /** Called in their order when they have ended well, with how long each took. */
  finished(section: Section, ms: number): void;
}

/**
 * Runs sections of one CREATE TABLE each on several connections, each exactly once, and returns how many of the leading
 * ones it ran: it stops in front of one whose table is there already. A lane runs its own in order, and each lane knows
 * before its first statement what stands before all of them; so after a crash each is decided like any other. While the
 * statements of one commit run, the intents of the next commit.
 *
 * When one is refused, every lane ends the statement it is at and begins no other; what was noted and not begun is taken
 * back. What other lanes have made by then (of the same commit at most, so no further than 63 places behind) stays, with
 * its outcome.
 */
export async function runSideBySide(
  { sections, finished }: SideBySide,
  bench: Workbench,
  context: Context,
): Promise<number> {
  const more = await openLanes(lanesFor(sections.length) - 1, bench, context);
  try {
    const lanes = [bench.work, ...more].map((work): Workbench => ({ ...bench, work }));
    const made = new Set<ObjectId>();
    const note = (from: number) => noteGroup(sections.slice(from, from + MOST_TOGETHER), made, lanes, bench);
    let ran = 0;
    let group = await note(0);
    while (group.length > 0) {
      const following = note(ran + group.length);
      following.catch(() => undefined);
      await runGroup(group, { bench, context, finished, following });
      ran += group.length;
      group = await following;
    }
    return ran;
  } finally {
    await Promise.all(more.map((lane) => lane.close()));
  }
}

/** As many as the server has free: without any, the statements run one after another. */
async function openLanes(count: number, { run, patience }: Workbench, { server }: Context): Promise<Session[]> {
  const opening = Array.from({ length: count }, (_, index) => openWork(server, run, patience, index + 1));
  const opened = await Promise.allSettled(opening);
  return opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

interface Placed {
  readonly section: Section;
  readonly lane: Workbench;
}

/** Makes the intents of the leading ones that make something new durable, and deals them out to the lanes. */
async function noteGroup(
  sections: readonly Section[],
  made: Set<ObjectId>,
  lanes: readonly Workbench[],
  bench: Workbench,
): Promise<Placed[]> {
  const group: Placed[] = [];
  const turns: Noting[] = [];
  await bench.evidence.lookAround();
  for (const [place, section] of sections.entries()) {
    const unit = section.units[0];
    const lane = place % lanes.length;
    const work = lanes[lane];
    if (!unit || !work) break;
    const evidence = await Promise.all(unit.statements.map(({ statement }) => bench.evidence.before(statement)));
    if (!makesOnlyNew(unit, evidence, made)) break;
    for (const { statement } of unit.statements) for (const { object } of statement.touches) made.add(object);
    const noted = evidence.map((one) => ({ ...one, lane }));
    turns.push(noting({ section, unit, isOpening: true }, noted, work.work.connectionId));
    group.push({ section, lane: work });
  }
  if (group.length === 0) return [];
  await commitDeferred(bench, writesOf(turns));
  bench.ahead.push(...turns.flatMap(({ ahead }) => ahead));
  return group;
}

interface Running {
  readonly bench: Workbench;
  readonly context: Context;
  /** The intents of the next group, on their way. */
  readonly following: Promise<unknown>;
  finished(section: Section, ms: number): void;
}

async function runGroup(group: readonly Placed[], on: Running): Promise<void> {
  const failures: { version: string; error: unknown }[] = [];
  const ended = new Map<Section, Ended>();
  const runLane = async (mine: readonly Placed[]) => {
    for (const { section, lane } of mine) {
      if (failures.length > 0) return;
      try {
        const one = await runOne(section, lane, on);
        if (one) ended.set(section, one);
      } catch (error) {
        failures.push({ version: section.version, error });
        return;
      }
    }
  };
  const lanes = new Set(group.map(({ lane }) => lane));
  await Promise.all([...lanes].map((lane) => runLane(group.filter((one) => one.lane === lane))));
  on.bench.deferred.push(...[...ended.values()].flatMap(({ outcome }) => outcome));
  // Those that took the same time are one write.
  const byTime = [...ended.values()].sort((a, b) => a.ms - b.ms);
  on.bench.deferred.push(...byTime.flatMap(({ closing }) => closing));
  for (const { section } of group) {
    const one = ended.get(section);
    if (one) on.finished(section, one.ms);
  }
  const [first] = failures.sort((a, b) => compareVersions(a.version, b.version));
  if (!first) return;
  await on.following.catch(() => undefined);
  await commitDeferred(on.bench, takeBackAhead(on.bench)).catch(() => undefined);
  throw first.error;
}

interface Ended {
  readonly ms: number;
  readonly outcome: readonly Write[];
  readonly closing: readonly Write[];
}

/** Undefined when its turn never came. What it writes is left to the group. */
async function runOne(section: Section, lane: Workbench, { bench, context }: Running): Promise<Ended | undefined> {
  context.signal.throwIfAborted();
  const unit = section.units[0];
  const place = bench.ahead.findIndex((one) => isOf(one, section, unit));
  // Taken back: a statement of another lane was refused.
  if (!unit || place < 0) return undefined;
  bench.ahead.splice(place, 1);
  const startedMs = context.clock.ticksMs();
  const outcome: Write[] = [];
  await runUnit(section, unit, { closing: () => [], looked: NOTHING }, { ...lane, deferred: outcome }, context);
  const ms = context.clock.ticksMs() - startedMs;
  return { ms, outcome, closing: section.closing(ms) };
}
