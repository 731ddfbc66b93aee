import { readAlterActions } from '../sql/alter-actions.ts';
import { Tokens } from '../sql/tokens.ts';

export interface ColumnRename {
  readonly from: string;
  readonly to: string;
}

/** The columns that an ALTER TABLE gives another name, by RENAME COLUMN or by CHANGE. */
export function columnRenames(alter: string): ColumnRename[] {
  const renamed = readAlterActions(alter).flatMap((action) =>
    action.type === 'rename column' ? [{ from: action.from, to: action.to }] : [],
  );
  return [...renamed, ...changedNames(alter)];
}

/** CHANGE is a reserved word: unquoted it is never a name. */
function changedNames(alter: string): ColumnRename[] {
  const tokens = new Tokens(alter);
  const renames: ColumnRename[] = [];
  while (tokens.seek('CHANGE')) {
    tokens.next();
    tokens.take('COLUMN');
    tokens.take('IF', 'EXISTS');
    const [from, to] = [tokens.name()?.name, tokens.name()?.name];
    if (from !== undefined && to !== undefined && from.toLowerCase() !== to.toLowerCase()) renames.push({ from, to });
  }
  return renames;
}
