import { quoteName } from '../../mysql/quote.ts';
import { isCoveredBy, isLeading, isTwice } from '../../schema/index-cover.ts';
import type { Index, TableShape } from '../../schema/types.ts';
import type { Finding } from '../finding.ts';
import { blame, type Review } from './review.ts';

/** Indexes that another index makes needless, and references that none serves. */
export function adviseOnIndexes(review: Review): Finding[] {
  return [...findRedundant(review), ...findUnindexed(review)];
}

/** One that is the beginning of another, or of a unique key, may be meant: a hint. Two alike are a mistake. */
function findRedundant(review: Review): Finding[] {
  const { indexes } = review.shape;
  return indexes.flatMap((index) => {
    const longer = indexes.find((other) => other !== index && isCoveredBy(index, other));
    if (!longer) return [];
    const isNew = !hasIndex(review.before, index) || !hasIndex(review.before, longer);
    const newer = hasIndex(review.before, index) ? longer : index;
    return [
      {
        name: 'redundant-index',
        ...blame(review, { name: newer.name, isNew, level: isTwice(index, longer) ? 'advice' : 'hint' }),
        group: 'advice',
        object: `${review.table}.${index.name}`,
        what: `the index (${index.columns.join(', ')}) is the beginning of ${longer.name} (${longer.columns.join(', ')})`,
        why: 'every query that it serves is served by the longer one, and every write keeps both',
        fix: `ALTER TABLE ${quoteName(review.table)} DROP INDEX ${quoteName(index.name)}`,
      },
    ];
  });
}

function hasIndex(shape: TableShape | undefined, index: Index): boolean {
  return (shape?.indexes ?? []).some(
    (other) => other.name === index.name && other.columns.join('\n') === index.columns.join('\n'),
  );
}

/** InnoDB makes an index for a foreign key; nothing makes one for a reference that only the application knows. */
function findUnindexed(review: Review): Finding[] {
  const known = review.input.references.filter(({ from }) => from.table === review.table);
  const keys = review.shape.foreignKeys.map((key) => ({ columns: key.columns, parent: key.parentTable }));
  const references = [...known.map(({ from, to }) => ({ columns: [from.column], parent: to.table })), ...keys];
  return references
    .filter(({ columns }) => columns.every((name) => review.shape.columns.some((column) => column.name === name)))
    .filter(({ columns }) => !isLeading(review.shape, columns))
    .map(({ columns, parent }) => ({
      name: 'reference-without-index',
      ...blame(review, { name: columns[0] ?? '', isNew: !isSameColumn(review, columns[0] ?? '') }),
      group: 'advice',
      object: `${review.table}.${columns.join(', ')}`,
      what: `no index begins with (${columns.join(', ')}), which refers to ${parent}`,
      why: `to find the rows of one row of ${parent}, and to look for orphans, the whole table is read`,
      fix: `ALTER TABLE ${quoteName(review.table)} ADD INDEX (${columns.map(quoteName).join(', ')})`,
    }));
}

function isSameColumn(review: Review, name: string): boolean {
  return (review.before?.columns ?? []).some((column) => column.name === name);
}
