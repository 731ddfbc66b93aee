import { quoteName } from '../../mysql/quote.ts';
import type { Index } from '../../schema/types.ts';
import type { Finding } from '../finding.ts';
import { blame, type Review } from './review.ts';

/** Unique keys that allow more than their author meant them to. */
export function adviseOnUniqueKeys(review: Review): Finding[] {
  const keys = review.shape.indexes.filter((index) => index.isUnique && index.name !== 'PRIMARY');
  return keys.flatMap((key) => [...findNullable(review, key), ...findForeignTenants(review, key)]);
}

/** NULLs are distinct in a unique key (MySQL Reference Manual, 15.1.15 "CREATE INDEX Statement"). */
function findNullable(review: Review, key: Index): Finding[] {
  const nullable = review.shape.columns.filter((column) => column.isNullable && key.columns.includes(column.name));
  if (nullable.length === 0) return [];
  const names = nullable.map((column) => column.name);
  const others = key.columns.filter((column) => !names.includes(column));
  const [first = ''] = names;
  return [
    {
      name: 'unique-with-null',
      ...blame(review, { name: key.name, isNew: isNewKey(review, key) }),
      group: 'advice',
      object: `${review.table}.${key.name}`,
      what: `${names.join(', ')} may be NULL in the unique key (${key.columns.join(', ')})`,
      why: `NULLs are distinct: for rows whose ${first} is NULL it forbids nothing${others.length > 0 ? `, any number of them may have the same ${others.join(', ')}` : ''}`,
      fix:
        `add a generated column that is never NULL, e.g. ${quoteName(`${first}_key`)} … AS (COALESCE(${quoteName(first)}, …)) ` +
        'NOT NULL, and put it into the key in its place',
    },
  ];
}

function findForeignTenants(review: Review, key: Index): Finding[] {
  const column = review.input.tenant?.column;
  const isTenants = review.shape.columns.some(({ name }) => name === column);
  if (column === undefined || !isTenants || key.columns[0] === column) return [];
  return [
    {
      name: 'unique-without-tenant',
      ...blame(review, { name: key.name, isNew: isNewKey(review, key) }),
      group: 'advice',
      object: `${review.table}.${key.name}`,
      what: `the unique key (${key.columns.join(', ')}) does not begin with ${column}`,
      why: 'a value that one tenant has taken is refused to all others, which also tells them that it exists',
      fix: `begin the key with ${column}: (${[column, ...key.columns.filter((other) => other !== column)].join(', ')})`,
    },
  ];
}

/** A renamed column makes no new key. */
function isNewKey(review: Review, key: Index): boolean {
  return !review.before?.indexes.some(
    (index) => index.isUnique && index.name === key.name && index.columns.length === key.columns.length,
  );
}
