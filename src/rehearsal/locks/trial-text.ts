import { readDropIndex } from '../../migrations/alter-actions.ts';
import { type Token, Tokens } from '../../migrations/tokens.ts';
import { quoteName } from '../../mysql/quote.ts';

/** How an ALTER TABLE or CREATE INDEX is told to work; empty where the author left it to the server. */
export interface Wishes {
  readonly algorithm: string;
  readonly lock: string;
}

/** A statement turned to a copy of its table, so that it can be tried there with an algorithm of our own. */
export interface TrialText {
  readonly wishes: Wishes;
  withHow(algorithm: string, lock?: string): string;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * `rename` gives the names of the copy's constraints for those of the table: a constraint's name belongs to the whole
 * database, so a copy beside the table cannot have the same. ALGORITHM, LOCK and RENAME TO are taken out;
 * undefined when nothing is left to try.
 */
export function toTrial(text: string, copy: string, rename: (constraint: string) => string): TrialText | undefined {
  if (new Tokens(text).keyword() === 'DROP') return toTrialOfDrop(text, copy);
  const table = findTable(text);
  if (!table) return undefined;
  const edits: Edit[] = [{ start: table.start, end: table.end, text: quoteName(copy) }];
  const isAlter = new Tokens(text).keyword() === 'ALTER';
  edits.push(...renamedConstraints(text, rename));
  const hows = findHows(text, table.end, isAlter);
  if (isAlter && hows.isNothingElse) return undefined;
  edits.push(...hows.edits);
  // The first action may be gone, or the last.
  const trial = applyEdits(text, edits)
    .replace(new RegExp(`(${quoteName(copy)})\\s*,`), '$1')
    .replace(/[,\s]+$/, '');
  return {
    wishes: hows.wishes,
    withHow: (...how) => withWords(trial, how, isAlter ? ', ' : ' '),
  };
}

/** MariaDB's DROP INDEX knows neither ALGORITHM nor LOCK; it is the same as ALTER TABLE … DROP INDEX. */
function toTrialOfDrop(text: string, copy: string): TrialText {
  const action = readDropIndex(text);
  const name = action.type === 'drop index' ? action.name : '';
  const tokens = new Tokens(text);
  tokens.seek('ON');
  const wishes = findHows(text.slice(tokens.peek()?.end ?? text.length), 0, false).wishes;
  return {
    wishes,
    withHow: (...how) => withWords(`ALTER TABLE ${quoteName(copy)} DROP INDEX ${quoteName(name)}`, how, ', '),
  };
}

function withWords(
  trial: string,
  [algorithm, lock]: readonly [algorithm: string, lock?: string | undefined],
  between: string,
): string {
  const words = [trial, `ALGORITHM=${algorithm}`, ...(lock === undefined ? [] : [`LOCK=${lock}`])];
  return words.join(between);
}

/** Where the table's name stands, its schema included. */
function findTable(text: string): { readonly start: number; readonly end: number } | undefined {
  const tokens = new Tokens(text);
  const isAlter = tokens.keyword() === 'ALTER';
  if (!tokens.seek(isAlter ? 'TABLE' : 'ON')) return undefined;
  tokens.next();
  tokens.take('IF', 'EXISTS');
  const first = tokens.peek();
  if (!first || !tokens.name()) return undefined;
  return { start: first.start, end: nameEnd(text, first) };
}

function nameEnd(text: string, first: Token): number {
  const tokens = new Tokens(text.slice(first.start));
  const [one, dot, two] = [tokens.next(), tokens.next(), tokens.next()];
  return first.start + ((dot?.keyword === '.' ? two?.end : one?.end) ?? 0);
}

function renamedConstraints(text: string, rename: (constraint: string) => string): Edit[] {
  const tokens = new Tokens(text);
  const edits: Edit[] = [];
  while (tokens.seek('DROP', 'ALTER')) {
    const isDrop = tokens.take('DROP');
    if (!isDrop) tokens.next();
    const isConstraint = tokens.take('FOREIGN', 'KEY') || tokens.take('CONSTRAINT') || tokens.take('CHECK');
    if (!isConstraint) continue;
    tokens.take('IF', 'EXISTS');
    const token = tokens.peek();
    const name = tokens.name();
    if (token && name) edits.push({ start: token.start, end: token.end, text: quoteName(rename(name.name)) });
  }
  return edits;
}

function findHows(text: string, from: number, isAlter: boolean) {
  const edits: Edit[] = [];
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
      edits.push({ start: behindComma(text, start), end: from + (value?.end ?? 0), text: '' });
    } else if (isAlter && word === 'RENAME' && !['COLUMN', 'INDEX', 'KEY'].includes(tokens.keyword(1))) {
      tokens.next();
      if (!tokens.take('TO') && !tokens.take('AS')) tokens.take('=');
      const name = tokens.peek();
      tokens.name();
      const end = name ? nameEnd(text.slice(from), name) : 0;
      edits.push({ start: behindComma(text, start), end: from + end, text: '' });
    } else {
      others++;
      if (word === '(') tokens.skipParentheses();
      else tokens.next();
    }
  }
  return { edits, wishes, isNothingElse: others === 0 };
}

/** The comma in front goes with its clause. */
function behindComma(text: string, start: number): number {
  const before = text.slice(0, start).trimEnd();
  return before.endsWith(',') ? before.length - 1 : start;
}

function applyEdits(text: string, edits: readonly Edit[]): string {
  let edited = text;
  for (const { start, end, text: replacement } of edits.toSorted((a, b) => b.start - a.start)) {
    edited = edited.slice(0, start) + replacement + edited.slice(end);
  }
  return edited;
}
