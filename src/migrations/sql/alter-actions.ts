import { readColumnList } from './table-text.ts';
import { type QualifiedName, Tokens } from './tokens.ts';

export type DropType = 'drop index' | 'drop foreign key' | 'drop check' | 'drop constraint';

/** One action of an ALTER TABLE, as far as an exact way back may exist for it. */
export type AlterAction =
  | {
      readonly type: 'add column';
      readonly name: string;
      readonly isConditional: boolean;
      readonly hasReference: boolean;
    }
  | {
      readonly type: 'add index';
      readonly name: string;
      readonly columns: readonly string[];
      readonly isConditional: boolean;
    }
  | { readonly type: 'add foreign key'; readonly name: string; readonly columns: readonly string[] }
  | { readonly type: 'add check'; readonly name: string }
  | {
      readonly type: DropType;
      readonly name: string;
      readonly isConditional: boolean;
    }
  | { readonly type: 'rename column' | 'rename index'; readonly from: string; readonly to: string }
  | { readonly type: 'rename table'; readonly to: QualifiedName }
  | { readonly type: 'how to' }
  | { readonly type: 'other'; readonly reason: string };

const INDEX_WORDS = ['UNIQUE', 'FULLTEXT', 'SPATIAL', 'VECTOR', 'INDEX', 'KEY'];

/** Moves behind the head of `ALTER TABLE …`, where its first action begins. What it gives is the table's name. */
export function enterAlter(tokens: Tokens): QualifiedName | undefined {
  tokens.seek('TABLE');
  tokens.next();
  tokens.take('IF', 'EXISTS');
  const table = tokens.name();
  if (tokens.take('WAIT')) tokens.next();
  tokens.take('NOWAIT');
  return table;
}

/** The actions of `ALTER TABLE …`, in order. Parenthesised columns (`ADD (a INT, b INT)`) count one by one. */
export function readAlterActions(text: string): AlterAction[] {
  const tokens = new Tokens(text);
  enterAlter(tokens);
  const actions: AlterAction[] = [];
  do {
    actions.push(...readAction(tokens));
  } while (tokens.seek(',') && tokens.next());
  return actions;
}

/** `CREATE [UNIQUE …] INDEX name ON table (…)` adds an index as ALTER TABLE does. */
export function readCreateIndex(text: string): AlterAction {
  const tokens = new Tokens(text);
  tokens.seek('INDEX');
  tokens.next();
  const isConditional = tokens.take('IF', 'NOT', 'EXISTS');
  const name = tokens.name()?.name ?? '';
  tokens.seek('(');
  return { type: 'add index', name, columns: readColumnList(tokens), isConditional };
}

/** `DROP INDEX name ON table`. */
export function readDropIndex(text: string): AlterAction {
  const tokens = new Tokens(text);
  tokens.seek('INDEX');
  tokens.next();
  return readDrop(tokens, 'drop index');
}

function readAction(tokens: Tokens): AlterAction[] {
  if (tokens.take('ADD')) return readAdd(tokens);
  if (tokens.take('RENAME')) return [readRename(tokens)];
  if (tokens.take('DROP', 'INDEX') || tokens.take('DROP', 'KEY')) return [readDrop(tokens, 'drop index')];
  if (tokens.take('DROP', 'FOREIGN', 'KEY')) return [readDrop(tokens, 'drop foreign key')];
  if (tokens.take('DROP', 'CONSTRAINT')) return [readDrop(tokens, 'drop constraint')];
  if (tokens.take('DROP', 'CHECK')) return [readDrop(tokens, 'drop check')];
  const word = tokens.keyword();
  if (['ALGORITHM', 'LOCK'].includes(word)) return [{ type: 'how to' }];
  const what = word === 'DROP' ? `DROP ${tokens.keyword(1)}`.trim() : word;
  return [{ type: 'other', reason: `what stood before ${what} cannot be told from the statement` }];
}

function readAdd(tokens: Tokens): AlterAction[] {
  if (tokens.take('CONSTRAINT')) {
    const isNamed = !['UNIQUE', 'PRIMARY', 'FOREIGN', 'CHECK'].includes(tokens.keyword());
    return [readConstraint(tokens, isNamed ? (tokens.name()?.name ?? '') : '')];
  }
  if (['FOREIGN', 'CHECK', 'PRIMARY', ...INDEX_WORDS].includes(tokens.keyword())) return [readConstraint(tokens, '')];
  if (['PARTITION', 'PERIOD', 'SYSTEM'].includes(tokens.keyword())) {
    return [{ type: 'other', reason: `ADD ${tokens.keyword()} has no exact inverse` }];
  }
  tokens.take('COLUMN');
  const isConditional = tokens.take('IF', 'NOT', 'EXISTS');
  return tokens.take('(') ? readColumns(tokens) : [readColumn(tokens, isConditional)];
}

function readConstraint(tokens: Tokens, constraint: string): AlterAction {
  if (tokens.take('CHECK')) {
    return constraint ? { type: 'add check', name: constraint } : unnamed('CHECK');
  }
  if (tokens.take('FOREIGN', 'KEY')) {
    if (tokens.take('IF', 'NOT', 'EXISTS')) return { type: 'other', reason: 'the foreign key may have existed before' };
    tokens.seek('(');
    return constraint
      ? { type: 'add foreign key', name: constraint, columns: readColumnList(tokens) }
      : unnamed('FOREIGN KEY');
  }
  if (tokens.keyword() === 'PRIMARY') {
    return { type: 'other', reason: 'a primary key changes its columns to NOT NULL' };
  }
  const isFullOrSpatial = ['FULLTEXT', 'SPATIAL', 'VECTOR'].includes(tokens.keyword());
  tokens.skip(...INDEX_WORDS);
  const isConditional = tokens.take('IF', 'NOT', 'EXISTS');
  const own = tokens.keyword() === '(' || tokens.keyword() === 'USING' ? undefined : tokens.name()?.name;
  const name = own ?? constraint;
  if (!name) return unnamed('INDEX');
  tokens.seek('(');
  return { type: 'add index', name, columns: isFullOrSpatial ? [] : readColumnList(tokens), isConditional };
}

function unnamed(what: string): AlterAction {
  return { type: 'other', reason: `the server chose the name of the ${what}: name it in the statement` };
}

function readColumns(tokens: Tokens): AlterAction[] {
  const actions: AlterAction[] = [];
  do {
    actions.push(readColumn(tokens, false));
  } while (tokens.take(','));
  tokens.take(')');
  return actions;
}

/** Up to the comma or parenthesis behind it: an inline REFERENCES makes a foreign key whose name the server chooses. */
function readColumn(tokens: Tokens, isConditional: boolean): AlterAction {
  const name = tokens.name()?.name;
  if (name === undefined) return { type: 'other', reason: 'the added column could not be read' };
  const hasReference = tokens.seek('REFERENCES', ',', ')') && tokens.keyword() === 'REFERENCES';
  tokens.seek(',', ')');
  return { type: 'add column', name, isConditional, hasReference };
}

function readDrop(tokens: Tokens, type: DropType): AlterAction {
  const isConditional = tokens.take('IF', 'EXISTS');
  return { type, name: tokens.name()?.name ?? '', isConditional };
}

function readRename(tokens: Tokens): AlterAction {
  const isColumn = tokens.take('COLUMN');
  if (isColumn || tokens.take('INDEX') || tokens.take('KEY')) {
    const isConditional = tokens.take('IF', 'EXISTS');
    const from = tokens.name()?.name;
    const to = tokens.take('TO') ? tokens.name()?.name : undefined;
    if (isConditional || from === undefined || to === undefined) {
      return { type: 'other', reason: 'what was renamed may not have existed' };
    }
    return { type: isColumn ? 'rename column' : 'rename index', from, to };
  }
  if (!tokens.take('TO') && !tokens.take('AS')) tokens.take('=');
  const to = tokens.name();
  return to ? { type: 'rename table', to } : { type: 'other', reason: 'the new name could not be read' };
}
