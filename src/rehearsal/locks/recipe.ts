import { readAlterActions } from '../../migrations/sql/alter-actions.ts';
import type { Statement } from '../../migrations/types.ts';
import { quoteName } from '../../mysql/quote.ts';

/** How to reach the same schema without making writes wait. */
export function safeRecipe(statement: Statement, table: string): string {
  const actions = statement.verb === 'ALTER TABLE' ? readAlterActions(statement.text) : [];
  if (actions.some(({ type }) => type === 'add foreign key')) {
    return (
      'add the key without the server reading all rows: SET SESSION foreign_key_checks = 0; ' +
      `ALTER TABLE ${quoteName(table)} ADD CONSTRAINT … FOREIGN KEY …, ALGORITHM=INPLACE, LOCK=NONE; ` +
      'SET SESSION foreign_key_checks = 1; and give the migration a -- migrate:verify query for orphans'
    );
  }
  if (/\bFULLTEXT\b|\bSPATIAL\b/i.test(statement.text)) {
    return 'build it on a copy of the table that triggers keep up to date (pt-online-schema-change), or at the quietest hour with maintenance mode on';
  }
  return (
    `in steps that never block: add the new column beside the old one (ALTER TABLE ${quoteName(table)} ADD COLUMN …, ALGORITHM=INSTANT), ` +
    'let the code write both, fill it in batches, let the code read the new one, drop the old one with a later deploy; ' +
    'or let gh-ost or pt-online-schema-change rebuild the table'
  );
}
