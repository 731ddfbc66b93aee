import { quoteName } from '../../../mysql/quote.ts';
import { type Rule, tablesOf } from './rule.ts';

/** A table without a primary key (MySQL Reference Manual, 19.5.1 "Replication Features and Issues": row-based logging). */
export const primaryKey: Rule = {
  group: 'schema',
  kind: 'no-primary-key',
  holds: 'every table has a primary key',
  level: 'advice',
  why: 'a replica and a restore find each changed row by reading the whole table, and no row can be told from its twin',
  find: ({ snapshot }) =>
    tablesOf(snapshot)
      .filter(({ shape }) => !shape.indexes.some(({ name }) => name === 'PRIMARY'))
      .map(({ name }) => ({
        object: name,
        what: `${name} has no primary key`,
        fix: `ALTER TABLE ${quoteName(name)} ADD COLUMN id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY FIRST`,
      })),
};
