import { quoteName } from '../../mysql/quote.ts';
import { dropObject } from '../../schema/creation.ts';
import type { Creation } from '../../schema/definitions.ts';
import { diffSnapshots } from '../../schema/diff.ts';
import { splitId } from '../../schema/snapshot.ts';
import type { ObjectId, ObjectKind, Snapshot } from '../../schema/types.ts';
import type { Creations } from '../clone/clone.ts';
import { createObject } from '../clone/creation.ts';
import type { Applied } from '../forward.ts';
import type { Stage } from '../stage.ts';

const ROUNDS = 3;
const ORDER: readonly ObjectKind[] = [
  'sequence',
  'table',
  'library',
  'function',
  'procedure',
  'package',
  'package body',
  'view',
  'trigger',
  'event',
];

/**
 * Brings the clone back to before a migration whatever stands there now, so that one fault does not hide the next.
 * The tables that the migration writes are emptied: every row in the clone came from a migration. False when it could
 * not be done.
 */
export async function repairTo(applied: Applied, stage: Stage, creations: Creations): Promise<boolean> {
  await stage.reader.query('SET SESSION foreign_key_checks = 0');
  try {
    return await repair(applied, stage, creations);
  } finally {
    await stage.reader.query('SET SESSION foreign_key_checks = 1');
  }
}

async function repair(applied: Applied, stage: Stage, creations: Creations): Promise<boolean> {
  const { before, migration } = applied;
  for (let round = 0; round < ROUNDS; round++) {
    const wrong = differing(before, await stage.schema.reread());
    if (wrong.length === 0) break;
    for (const id of wrong) await drop(id, stage);
    for (const id of wrong) await make(id, before, definitionsBefore(applied, creations), stage);
  }
  if (differing(before, await stage.schema.reread()).length > 0) return false;
  const written = new Set(migration.up.concat(migration.down).flatMap((statement) => statement.writes));
  for (const table of written) {
    if (before.objects.has(`table:${table}`)) await stage.reader.query(`TRUNCATE TABLE ${quoteName(table)}`);
  }
  return true;
}

function differing(before: Snapshot, now: Snapshot): ObjectId[] {
  const ids = diffSnapshots(before, now).flatMap(({ object }) => (object === 'database' ? [] : [object]));
  return ids.sort((a, b) => ORDER.indexOf(splitId(a)[0]) - ORDER.indexOf(splitId(b)[0]));
}

async function drop(id: ObjectId, { reader }: Stage): Promise<void> {
  const [kind, name] = splitId(id);
  await dropObject(reader, kind, quoteName(name), (sql) => reader.query(sql));
}

async function make(id: ObjectId, before: Snapshot, creations: Creations, { reader }: Stage): Promise<void> {
  const creation = creations.get(id);
  if (!before.objects.has(id) || !creation) return;
  // What fails for want of another object is made in the next round.
  await createObject(reader, splitId(id)[0], creation).catch(() => undefined);
}

/** What the first statement that touched an object saw there is what stood before the migration. */
function definitionsBefore({ steps }: Applied, creations: Creations): Creations {
  const known: Creations = new Map(creations);
  for (const { performed } of steps.toReversed()) {
    const noted = Object.entries(performed.evidence.definitions ?? {}) as [ObjectId, string][];
    for (const [id, text] of noted) known.set(id, { ...(creations.get(id) as Creation | undefined), text });
  }
  return known;
}
