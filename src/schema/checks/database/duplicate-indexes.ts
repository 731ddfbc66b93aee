import { quoteName } from '../../../mysql/quote.ts';
import { isCoveredBy, isTwice } from '../../index-cover.ts';
import { type Rule, tablesOf } from './rule.ts';

/** Two indexes alike; one that is the beginning of another may be meant, and is a hint. */
export const duplicateIndexes: Rule = {
  group: 'schema',
  kind: 'redundant-index',
  holds: 'no index is there twice',
  level: 'advice',
  why: 'every query that it serves is served by the other one, and every write keeps both',
  find: ({ snapshot }) =>
    tablesOf(snapshot).flatMap(({ name, shape: { indexes } }) =>
      indexes.flatMap((index) => {
        const others = indexes.filter((other) => other !== index && isCoveredBy(index, other));
        const other = others.find((one) => isTwice(index, one)) ?? others[0];
        if (!other) return [];
        return [
          {
            object: `${name}.${index.name}`,
            level: isTwice(index, other) ? ('advice' as const) : ('hint' as const),
            what: `(${index.columns.join(', ')}) of ${index.name} begin ${other.name} (${other.columns.join(', ')})`,
            fix: `ALTER TABLE ${quoteName(name)} DROP INDEX ${quoteName(index.name)}`,
          },
        ];
      }),
    ),
};
