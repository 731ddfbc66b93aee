import { createHash } from 'node:crypto';
import type { ObjectId, ObjectKind, SchemaObject, TableShape } from './types.ts';

/** An object from its facts, one a line. Continuation lines (a body) begin with two spaces. */
export function toObject(
  kind: ObjectKind,
  name: string,
  lines: readonly (string | undefined)[],
  table?: TableShape,
): SchemaObject {
  const definition = lines.filter((line) => line !== undefined).join('\n');
  return { kind, name, definition, digest: sha256(definition), ...(table ? { table } : {}) };
}

/** The fingerprint of a whole database: independent of the order in which its objects were made or read. */
export function fingerprintOf(
  defaults: { readonly charset: string; readonly collation: string },
  objects: ReadonlyMap<ObjectId, SchemaObject>,
): string {
  const digests = [...objects].map(([id, object]) => `${id} ${object.digest}`).sort();
  return sha256([`database ${defaults.charset} ${defaults.collation}`, ...digests].join('\n'));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
