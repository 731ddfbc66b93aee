import { classify } from '../migrations/classify/classify.ts';
import { enterAlter } from '../migrations/sql/alter-actions.ts';
import { Tokens } from '../migrations/sql/tokens.ts';

/** Actions of ALTER TABLE that leave every foreign key of the table as it is, or add one. */
const KEEPING = ['ADD', 'MODIFY', 'CHANGE', 'ALTER', 'CONVERT', 'COMMENT', 'AUTO_INCREMENT', 'ALGORITHM', 'LOCK'];
const KEEPING_DROPS = ['INDEX', 'KEY', 'PRIMARY', 'CHECK'];
const KEEPING_RENAMES = ['COLUMN', 'INDEX', 'KEY'];

/**
 * PURE: a foreign key that acted before this definition may be gone after it, or act another way. Of an action that is not known
 * here that is assumed.
 */
export function mayHideKey(text: string): boolean {
  const { verb, touches } = classify(text);
  const isOfTable = touches.some(({ object }) => object.startsWith('table:'));
  if (isOfTable && touches.some(({ action }) => action === 'drop' || action === 'rename')) return true;
  if (verb === 'CREATE TABLE') return new Tokens(text).take('CREATE', 'OR', 'REPLACE');
  return verb === 'ALTER TABLE' && altersKeys(text);
}

/** PURE: the same of a statement of another database, where only what names such keys is looked at. */
export function dropsKeyElsewhere(text: string): boolean {
  const tokens = new Tokens(text);
  return tokens.keyword() === 'ALTER' && /\bDROP\s+(?:FOREIGN\s+KEY|CONSTRAINT)\b/i.test(text);
}

function altersKeys(text: string): boolean {
  const tokens = new Tokens(text);
  enterAlter(tokens);
  do {
    if (!keepsKeys(tokens.keyword(), tokens.keyword(1))) return true;
  } while (tokens.seek(',') && tokens.next());
  return false;
}

function keepsKeys(word: string, what: string): boolean {
  if (word === 'DROP') return KEEPING_DROPS.includes(what);
  return word === 'RENAME' ? KEEPING_RENAMES.includes(what) : KEEPING.includes(word);
}
