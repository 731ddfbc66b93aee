import { messageOf } from '../../errors.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Server, Session } from '../../mysql/connect.ts';
import { quoteName } from '../../mysql/quote.ts';
import { createAsRemembered } from '../../schema/creation.ts';
import { circumstanceSettings, readCreation } from '../../schema/definitions.ts';
import { withScratch } from '../../schema/scratch.ts';
import { readObjects, readSnapshot, splitId } from '../../schema/snapshot.ts';
import { namesDatabase, withoutDatabase } from '../../schema/text.ts';
import type { ObjectId, ObjectKind, Snapshot } from '../../schema/types.ts';
import type { Evidence } from '../row.ts';
import type { Digests } from './expectation.ts';
import { staysIn, touchedObjects } from './places.ts';

/** A statement to be tried, and what its intent has noted. */
export interface Tried {
  readonly statement: Statement;
  readonly before: Evidence;
  /** Statements in front of it that set its connection up, in their order. */
  readonly settings: readonly Statement[];
}

export interface TrialGround {
  readonly production: Server;
  /** A database of our own on production's server, made for the time of the trial. */
  readonly scratch: string;
}

/**
 * What a statement leaves of the objects that it touches, seen by letting the server do it again in an empty database:
 * the objects as they were noted, and around them what it names. No row is copied. Two ends where an index may be one that
 * the server had made for a foreign key, or one that a person had: only the first goes when another can serve. Where that
 * cannot be done, why.
 */
export async function tryStatement(
  tried: Tried,
  { production, scratch }: TrialGround,
): Promise<readonly Digests[] | { readonly unable: string }> {
  const { statement } = tried;
  const { database } = production.target;
  if (statement.touches.some(({ object }) => object.startsWith('event:'))) {
    return { unable: 'an event is not made for a trial: it would begin to work' };
  }
  if (!staysIn(statement, database) || namesDatabase(statement.text, database)) {
    return { unable: 'it names a database, so it would act there in a trial too' };
  }
  try {
    const reader = await production.open();
    try {
      const snapshot = await readSnapshot(reader, database);
      const { charset, collation } = snapshot;
      const place = { name: scratch, charset, collation, purpose: 'rehearsal' } as const;
      const ends: Digests[] = [];
      for (const before of beginnings(tried.before)) {
        const trial = { production, scratch, reader, snapshot };
        ends.push(await withScratch(production, place, () => runTrial({ ...tried, before }, trial)));
      }
      return ends;
    } finally {
      await reader.close();
    }
  } catch (error) {
    return { unable: `it could not be tried in ${scratch}: ${messageOf(error)}` };
  }
}

/** As noted; and without the indexes that carry the name of a foreign key, which the server makes anew for it. */
function beginnings(before: Evidence): Evidence[] {
  const entries = Object.entries(before.definitions ?? {}) as [ObjectId, string][];
  const others = entries.map(([id, text]): [ObjectId, string] => [id, withoutGeneratedKeys(text)]);
  const isSame = others.every(([, text], index) => text === entries[index]?.[1]);
  return isSame ? [before] : [before, { ...before, definitions: Object.fromEntries(others) }];
}

function withoutGeneratedKeys(text: string): string {
  return text.replace(/^ {2}KEY (`(?:[^`]|``)+`) \([^\n]*\),\n/gm, (line, name: string) =>
    text.includes(`CONSTRAINT ${name} FOREIGN KEY`) ? '' : line,
  );
}

interface Trial extends TrialGround {
  /** On production. */
  readonly reader: Session;
  readonly snapshot: Snapshot;
}

async function runTrial({ statement, before, settings }: Tried, trial: Trial): Promise<Digests> {
  const ids = touchedObjects(statement, trial.snapshot.database);
  const session = await trial.production.open({ database: trial.scratch });
  const work = await trial.production.open({ database: trial.scratch, purpose: 'migration' });
  try {
    await session.query('SET SESSION foreign_key_checks = 0');
    await makeAll(session, [...noted(before, trial), ...(await around(statement, before, trial))]);
    for (const one of settings) await work.execute(one.text);
    await work.query('SET SESSION foreign_key_checks = 0');
    await work.execute(statement.text);
    const left = await readObjects(session, trial.scratch, ids);
    return Object.fromEntries(ids.map((id) => [id, left.get(id)?.digest ?? null]));
  } finally {
    await work.close();
    await session.close();
  }
}

interface Made {
  readonly id: ObjectId;
  readonly text: string;
  readonly settings: readonly string[];
}

/** The touched objects as they were. */
function noted({ definitions = {}, circumstances = {} }: Evidence, { snapshot }: Trial): Made[] {
  const entries = Object.entries(definitions) as [ObjectId, string][];
  return entries.map(([id, text]) => madeHere(id, text, circumstances[id] ?? [], snapshot.database));
}

function madeHere(id: ObjectId, creation: string, settings: readonly string[], database: string): Made {
  const text = withoutDatabase(creation, database);
  if (namesDatabase(text, database)) throw new Error(`${id.replace(':', ' ')} names the database ${database}`);
  return { id, text, settings };
}

/** What stands around them and the statement can have to do with, as it is now. */
async function around(statement: Statement, before: Evidence, { reader, snapshot }: Trial): Promise<Made[]> {
  const touched = new Set([...Object.keys(before.objects), ...touchedObjects(statement, snapshot.database)]);
  const made: Made[] = [];
  for (const id of mentioned(statement, before, snapshot).filter((one) => !touched.has(one))) {
    const creation = await readCreation(reader, snapshot.database, id);
    if (creation) made.push(madeHere(id, creation.text, circumstanceSettings(creation), snapshot.database));
  }
  return made;
}

/** Objects whose names stand in a text that is going to be run; and beside a trigger the others of its table. */
function mentioned(statement: Statement, before: Evidence, { objects }: Snapshot): ObjectId[] {
  const found = new Set<ObjectId>();
  const texts = [statement.text, ...Object.values(before.definitions ?? {})].map((text) => (text ?? '').toLowerCase());
  for (let text = texts.shift(); text !== undefined; text = texts.shift()) {
    for (const [id, { kind, name, definition }] of objects) {
      if (found.has(id) || !AROUND.includes(kind) || !text.includes(name.toLowerCase())) continue;
      found.add(id);
      // A table can be made without those that its foreign keys lead to.
      if (kind !== 'table') texts.push(definition.toLowerCase());
    }
  }
  const isTrigger = statement.touches.some(({ object }) => object.startsWith('trigger:'));
  return [...found, ...(isTrigger ? triggersOn([...found], objects) : [])];
}

const AROUND: readonly ObjectKind[] = ['sequence', 'table', 'function', 'view'];

/** Each tells its place among them. */
function triggersOn(tables: readonly ObjectId[], objects: Snapshot['objects']): ObjectId[] {
  const ons = tables.map((id) => ` on ${quoteName(splitId(id)[1])},`);
  const isOnOne = (definition: string) => ons.some((on) => (definition.split('\n', 1)[0] ?? '').includes(on));
  return [...objects].flatMap(([id, { kind, definition }]) => (kind === 'trigger' && isOnOne(definition) ? [id] : []));
}

const ORDER: readonly ObjectKind[] = ['sequence', 'table', 'function', 'procedure', 'view', 'trigger'];

/** Those that others need first; a view may need another that comes later, so again and again until no more can be made. */
async function makeAll(session: Session, all: readonly Made[]): Promise<void> {
  const place = ({ id }: Made) => ORDER.indexOf(splitId(id)[0]);
  for (let todo = all.toSorted((a, b) => place(a) - place(b)); todo.length > 0; ) {
    const failed: Made[] = [];
    let reason: unknown;
    for (const one of todo) {
      await createAsRemembered(session, { text: one.text }, one.settings).catch((error: unknown) => {
        reason = error;
        failed.push(one);
      });
    }
    if (failed.length === todo.length) throw reason;
    todo = failed;
  }
}
