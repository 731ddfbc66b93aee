import { createHash } from 'node:crypto';
import type { Session } from '../../mysql/connect.ts';
import { readStamps } from '../../schema/identity.ts';
import { readSnapshot, splitId } from '../../schema/snapshot.ts';
import { HISTORY_TABLE, JOURNAL_TABLE, type ObjectId, type Snapshot } from '../../schema/types.ts';

/** What tables and stored objects of a database were at one time, whatever their rows. */
export interface Standing {
  readonly snapshot: Snapshot;
  /** `readStamps` of its tables and stored programs. */
  readonly stamps: ReadonlyMap<string, string>;
  /** How many statements of DDL the server has counted since its start, all databases together. */
  readonly ddlCount: string;
}

const COUNTERS =
  '^Com_((alter|create|drop)_(db|event|function|index|package|package_body|procedure|sequence|table|trigger|view)|rename_table|truncate)$';

export async function readStanding(session: Session, database: string): Promise<Standing> {
  // The counters first: what happens while the rest is read counts as happened since.
  const counters = await session.query<{ Variable_name: string; Value: string }>(
    `SHOW GLOBAL STATUS WHERE Variable_name REGEXP '${COUNTERS}'`,
  );
  return {
    ddlCount: counters.map(({ Variable_name: name, Value: value }) => `${name} ${value}`).join('\n'),
    stamps: await readStamps(session, database),
    snapshot: await readSnapshot(session, database),
  };
}

/**
 * PURE: by `kind:name` a digest that every definition of it changes; undefined where a TRUNCATE would not show, for InnoDB's ids
 * are not to be read (no PROCESS, another engine, a name beyond ASCII).
 */
export function madeOf({ snapshot, stamps }: Standing): Record<string, string> | undefined {
  const made: Record<string, string> = {};
  const own = [`table:${HISTORY_TABLE}`, `table:${JOURNAL_TABLE}`];
  for (const id of new Set([...snapshot.objects.keys(), ...stamps.keys()])) {
    const stamp = stamps.get(id) ?? '';
    if (own.includes(id)) continue;
    if (id.startsWith('table:') && !/ \d+$/.test(stamp)) return undefined;
    const digest = snapshot.objects.get(id as ObjectId)?.digest ?? '';
    made[id] = createHash('sha256').update(`${digest} ${stamp}`).digest('hex').slice(0, MADE_LENGTH);
  }
  return made;
}

const MADE_LENGTH = 16;

/** PURE: what somebody has done to the database in between, a few words each. `tables`: only these matter. */
export function changesOf(before: Standing, after: Standing, tables?: readonly string[]): string[] {
  const matters = (id: string) => tables === undefined || tables.some((name) => id === `table:${name}`);
  const { objects } = before.snapshot;
  const ids = new Set([...objects.keys(), ...after.snapshot.objects.keys()]);
  const redefined = [...ids].filter((id) => objects.get(id)?.digest !== after.snapshot.objects.get(id)?.digest);
  const described = redefined.filter(matters).map((id) => {
    const [kind, name] = splitId(id);
    const fate = !objects.has(id) ? 'was added' : after.snapshot.objects.has(id) ? 'was changed' : 'is gone';
    return `${kind} ${name} ${fate}`;
  });
  const told = new Set<string>(redefined);
  const replaced = [...new Set([...before.stamps.keys(), ...after.stamps.keys()])].filter(
    (id) => matters(id) && !told.has(id) && before.stamps.get(id) !== after.stamps.get(id),
  );
  return [...defaultsOf(before, after), ...described, ...replaced.map(describeReplaced)].sort();
}

function describeReplaced(id: string): string {
  return `${id.replace(':', ' ')} was made anew or altered (RENAME, TRUNCATE, ALTER)`;
}

function defaultsOf({ snapshot: before }: Standing, { snapshot: after }: Standing): string[] {
  const isSame = before.charset === after.charset && before.collation === after.collation;
  return isSame ? [] : ["the database's character set was changed"];
}
