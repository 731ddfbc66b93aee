import { quoteName } from '../../mysql/quote.ts';
import type { Column, TableShape } from '../../schema/types.ts';
import type { Finding } from '../finding.ts';
import { blame, migrationOf, type Review } from './review.ts';

/** Columns whose type or default does not say what their author meant. */
export function adviseOnColumns(review: Review): Finding[] {
  return review.shape.columns.flatMap((column) => [
    ...findNarrowPolymorphic(review, column),
    ...findImplicitDefault(review, column),
  ]);
}

/**
 * The pair `x_type`, `x_id` of Laravel's polymorphic relations: the id must hold the keys of every parent. Which parents
 * it has only the application knows: where another table has the same pair with a key of text, it is told as advice.
 */
function findNarrowPolymorphic(review: Review, column: Column): Finding[] {
  const stem = /^(.+)_id$/.exec(column.name)?.[1];
  const isPair = stem !== undefined && review.shape.columns.some(({ name }) => name === `${stem}_type`);
  if (!isPair || !isNumber(column)) return [];
  const textKeyed = textKeyedParents(review);
  if (textKeyed.length === 0) return [];
  return [
    {
      name: 'polymorphic-type',
      ...blame(review, { name: column.name, isNew: !isUnchanged(review, column), level: levelOf(review, stem) }),
      group: 'advice',
      object: `${review.table}.${column.name}`,
      what: `${column.name} is ${column.type}, but ${list(textKeyed)} have keys of type char(36)`,
      why: `a row can never refer to one of them: the key is refused, or cut to the number that it begins with`,
      fix: `make ${column.name} CHAR(36) or VARCHAR(255), unless ${stem}_type never names one of them`,
    },
  ];
}

function levelOf({ input }: Review, stem: string): 'advice' | 'hint' {
  const shapes = [...input.after.objects.values()].flatMap(({ table }) => table ?? []);
  const isText = (shape: TableShape) =>
    shape.columns.some(({ name }) => name === `${stem}_type`) &&
    shape.columns.some(({ name, type }) => name === `${stem}_id` && /^(?:var)?char|^uuid/.test(type));
  return shapes.some(isText) ? 'advice' : 'hint';
}

/** Tables that others refer to by a key which is text of a UUID's length. */
function textKeyedParents({ input }: Review): string[] {
  const tables = [...input.after.objects.values()];
  const referred = new Set([
    ...tables.flatMap(({ table }) => table?.foreignKeys.map((key) => key.parentTable) ?? []),
    ...input.references.map(({ to }) => to.table),
  ]);
  return tables
    .filter(({ name, table }) => referred.has(name) && table && isTextKeyed(table))
    .map(({ name }) => name)
    .sort();
}

function isTextKeyed(shape: TableShape): boolean {
  const primary = shape.indexes.find((index) => index.name === 'PRIMARY')?.columns ?? [];
  const column = shape.columns.find(({ name }) => name === primary[0]);
  return primary.length === 1 && /^(?:char\(36\)|varchar\(36\)|uuid)/.test(column?.type ?? '');
}

/**
 * A TIMESTAMP NOT NULL without a default gets one from the server where explicit_defaults_for_timestamp is off: now,
 * and again with every UPDATE (MySQL Reference Manual, 7.1.8). Where it is on, an INSERT without it is refused.
 */
function findImplicitDefault(review: Review, column: Column): Finding[] {
  if (!column.type.startsWith('timestamp') || column.isNullable || isUnchanged(review, column)) return [];
  const text = migrationOf(review.input.migrations, review.table, column.name)?.text ?? '';
  const isGiven = /on update current_timestamp/i.test(column.extra);
  if (isGiven ? /ON\s+UPDATE/i.test(text) : column.default !== null) return [];
  return [
    {
      name: 'implicit-default',
      ...blame(review, { name: column.name, isNew: true, level: isGiven ? 'advice' : 'hint' }),
      group: 'advice',
      object: `${review.table}.${column.name}`,
      what: isGiven
        ? `the server gave ${column.name} DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP by itself`
        : `${column.name} is TIMESTAMP NOT NULL without a default`,
      why: isGiven
        ? 'every UPDATE of a row changes it, whatever the UPDATE was about'
        : 'where explicit_defaults_for_timestamp is off the server lets every UPDATE change it; where it is on, an INSERT without it is refused',
      fix: `say which: ${quoteName(column.name)} TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, or TIMESTAMP NULL`,
    },
  ];
}

function isNumber({ type }: Column): boolean {
  return /^(?:tiny|small|medium|big)?int\b/.test(type);
}

function isUnchanged(review: Review, column: Column): boolean {
  const before = review.before?.columns.find(({ name }) => name === column.name);
  return before !== undefined && before.type === column.type && before.isNullable === column.isNullable;
}

function list(names: readonly string[]): string {
  const shown = names.length > 3 ? [...names.slice(0, 3), `${names.length - 3} more`] : names;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
