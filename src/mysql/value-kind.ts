/** What the server says a value is, beside the value: `other` is text, bytes, and NULL. */
export type ValueKind = 'integer' | 'unsigned' | 'decimal' | 'double' | 'geometry' | 'other';

/** `enum_field_types` and UNSIGNED_FLAG of the protocol (MySQL Source Code, "Column Definition"). */
const DOUBLE = 5;
const BIGINT = 8;
const DECIMAL = 246;
const GEOMETRY = 255;
const UNSIGNED = 32;

/** PURE: of a user variable, which has no other types than these. */
export function kindOf(column: { readonly type?: number | undefined; readonly flags: number }): ValueKind {
  if (column.type === DOUBLE) return 'double';
  // MySQL's are bytes, in variables.
  if (column.type === GEOMETRY) return 'geometry';
  if (column.type === DECIMAL) return 'decimal';
  if (column.type === BIGINT) return (column.flags & UNSIGNED) === 0 ? 'integer' : 'unsigned';
  return 'other';
}
