import { isSameName } from '../mysql/name.ts';
import type { ObjectId, SchemaObject } from './types.ts';

/** Named without regard to case on every server (MySQL Reference Manual, "Identifier Case Sensitivity"). */
const NEVER_CASED = /^(?:procedure|function|event|package|package body|library):/;

/** PURE: does the server take both ids for the same object? `folds`: `lower_case_table_names` is not 0. */
export function isSameObject(one: ObjectId, other: ObjectId, folds: boolean): boolean {
  return isSameName(one, other, folds || NEVER_CASED.test(one));
}

/** Objects by the names that the server gives them, found by whatever name it would find them by. */
export class NamedObjects extends Map<ObjectId, SchemaObject> {
  readonly #folds: boolean;

  constructor(foldsTableNames: boolean, objects: Iterable<readonly [ObjectId, SchemaObject]> = []) {
    super();
    this.#folds = foldsTableNames;
    for (const [id, object] of objects) super.set(id, object);
  }

  /** True where the server takes names of tables and databases for the same whatever their case. */
  get foldsNames(): boolean {
    return this.#folds;
  }

  override get(id: ObjectId): SchemaObject | undefined {
    return super.get(this.#spelled(id));
  }

  override has(id: ObjectId): boolean {
    return super.has(this.#spelled(id));
  }

  override delete(id: ObjectId): boolean {
    return super.delete(this.#spelled(id));
  }

  #spelled(id: ObjectId): ObjectId {
    if (super.has(id) || !(this.#folds || NEVER_CASED.test(id))) return id;
    for (const one of this.keys()) if (isSameObject(one, id, this.#folds)) return one;
    return id;
  }
}
