import { quoteName } from '../../../mysql/quote.ts';
import { type Rule, tablesOf } from './rule.ts';

const TRANSACTIONAL = new Set(['INNODB', 'ROCKSDB', 'NDBCLUSTER']);

/** A table of an engine without transactions. */
export const engine: Rule = {
  group: 'schema',
  kind: 'not-transactional',
  holds: 'every table is kept by an engine with transactions',
  level: 'warning',
  why: 'a crash can lose its rows, no foreign key of it is enforced, and a backup does not see it at the moment of the others',
  find: ({ snapshot }) =>
    tablesOf(snapshot)
      .filter(({ shape }) => !TRANSACTIONAL.has(shape.engine.toUpperCase()))
      .map(({ name, shape }) => ({
        object: name,
        what: `${name} is kept by ${shape.engine}`,
        fix: `ALTER TABLE ${quoteName(name)} ENGINE = InnoDB`,
      })),
};
