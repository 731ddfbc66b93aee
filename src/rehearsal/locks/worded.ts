import { readDropIndex } from '../../migrations/sql/alter-actions.ts';
import { Tokens } from '../../migrations/sql/tokens.ts';
import { quoteName } from '../../mysql/quote.ts';

/** How an ALTER TABLE, CREATE INDEX or DROP INDEX is told to work; empty where the author left it to the server. */
export interface Wishes {
  readonly algorithm: string;
  readonly lock: string;
}

/** A statement that can be run with an algorithm of our own. */
export interface Worded {
  readonly wishes: Wishes;
  withHow(algorithm: string, lock?: string): string;
}

interface Cut {
  readonly start: number;
  readonly end: number;
}

/** Takes ALGORITHM and LOCK out; undefined when nothing but another name is left, which is always instant. */
export function toWorded(text: string): Worded | undefined {
  if (new Tokens(text).keyword() === 'DROP') return toWordedDrop(text);
  const isAlter = new Tokens(text).keyword() === 'ALTER';
  const head = tableEnd(text, isAlter ? 'TABLE' : 'ON');
  if (head === undefined) return undefined;
  const hows = findHows(text, head, isAlter);
  if (isAlter && hows.isNameAlone) return undefined;
  // The first action may be gone, or the last.
  const rest = cutOut(text, hows.cuts).slice(head);
  const bare = `${text.slice(0, head)} ${rest.replace(/^[,\s]+|[,\s]+$/g, '')}`;
  return { wishes: hows.wishes, withHow: (...how) => withWords(bare, how, isAlter ? ', ' : ' ') };
}

/** MariaDB's DROP INDEX knows neither ALGORITHM nor LOCK; it is the same as ALTER TABLE … DROP INDEX. */
function toWordedDrop(text: string): Worded {
  const action = readDropIndex(text);
  const index = action.type === 'drop index' ? action.name : '';
  const tokens = new Tokens(text);
  tokens.seek('ON');
  const start = tokens.next()?.end ?? text.length;
  const end = tableEnd(text, 'ON') ?? text.length;
  const alter = `ALTER TABLE ${text.slice(start, end).trim()} DROP INDEX ${quoteName(index)}`;
  return { wishes: findHows(text, end, false).wishes, withHow: (...how) => withWords(alter, how, ', ') };
}

function withWords(
  bare: string,
  [algorithm, lock]: readonly [algorithm: string, lock?: string | undefined],
  between: string,
): string {
  const words = [bare, `ALGORITHM=${algorithm}`, ...(lock === undefined ? [] : [`LOCK=${lock}`])];
  return words.join(between);
}

/** Where the table's name behind this word ends, its schema included. */
function tableEnd(text: string, behind: 'TABLE' | 'ON'): number | undefined {
  const tokens = new Tokens(text);
  if (!tokens.seek(behind)) return undefined;
  tokens.next();
  tokens.take('IF', 'EXISTS');
  let last = tokens.next();
  while (tokens.take('.')) last = tokens.next();
  return last?.end;
}

function findHows(text: string, from: number, isAlter: boolean) {
  const cuts: Cut[] = [];
  const wishes = { algorithm: '', lock: '' };
  let others = 0;
  const tokens = new Tokens(text.slice(from));
  for (let token = tokens.peek(); token; token = tokens.peek()) {
    const start = from + token.start;
    const word = token.keyword;
    if (word === 'ALGORITHM' || word === 'LOCK') {
      tokens.next();
      tokens.take('=');
      const value = tokens.next();
      wishes[word === 'LOCK' ? 'lock' : 'algorithm'] = value?.keyword ?? '';
      cuts.push({ start: behindComma(text, start), end: from + (value?.end ?? 0) });
    } else if (isAlter && word === 'RENAME' && !['COLUMN', 'INDEX', 'KEY'].includes(tokens.keyword(1))) {
      skipNewName(tokens);
    } else {
      others++;
      if (word === '(') tokens.skipParentheses();
      else tokens.next();
    }
  }
  return { cuts, wishes, isNameAlone: others === 0 };
}

function skipNewName(tokens: Tokens): void {
  tokens.next();
  if (!tokens.take('TO') && !tokens.take('AS')) tokens.take('=');
  tokens.name();
}

/** The comma in front goes with its clause. */
function behindComma(text: string, start: number): number {
  const before = text.slice(0, start).trimEnd();
  return before.endsWith(',') ? before.length - 1 : start;
}

function cutOut(text: string, cuts: readonly Cut[]): string {
  return cuts
    .toSorted((a, b) => b.start - a.start)
    .reduce((left, { start, end }) => left.slice(0, start) + left.slice(end), text);
}
