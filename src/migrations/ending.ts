import { classify } from './classify/classify.ts';
import { assignmentsOf, isServerWide } from './sql/assignments.ts';
import { DEFAULT_MODES, type LexicalModes } from './sql/lexer.ts';
import { modesOf } from './sql/sql-mode.ts';
import { allTokens, type QualifiedName, type Token, Tokens } from './sql/tokens.ts';
import type { Statement } from './types.ts';

/** A stored procedure as the catalogue shows it. */
export interface Procedure {
  readonly name: string;
  /** Null: hidden from this account. */
  readonly body: string | null;
  readonly sqlMode: string;
}

/** Why what a statement did, and the transaction that it was sent in, may not be one. */
export interface Ending {
  /** For people: `procedure p holds ROLLBACK`. */
  readonly because: string;
  /** It stands there. Else nobody can see. */
  readonly isSeen: boolean;
  /**
   * - `commits`: whatever was written before goes with it, the mark too;
   * - `takes-back`: the mark may go, and what is written behind it stays;
   * - `outside`: it does what no ROLLBACK takes back.
   */
  readonly how: 'commits' | 'takes-back' | 'outside';
}

/** Commit what was written before they act (Reference Manual, "Statements That Cause an Implicit Commit"). */
const COMMITS = new Set(
  'COMMIT START CREATE ALTER DROP RENAME TRUNCATE ANALYZE OPTIMIZE REPAIR CHECK CACHE LOAD FLUSH GRANT REVOKE LOCK UNLOCK'.split(
    ' ',
  ),
);
const OUTSIDE = new Set('XA INSTALL UNINSTALL RESET CHANGE STOP PURGE SHUTDOWN RESTART IMPORT CLONE BACKUP'.split(' '));
/** Behind one of these a statement of a body begins (or an expression of CASE). */
const BEFORE_STATEMENT = new Set([';', ':', 'THEN', 'ELSE', 'DO', 'BEGIN', 'LOOP', 'REPEAT', 'ATOMIC']);
/** Errors with which InnoDB may roll the whole transaction back (Reference Manual, "InnoDB Error Handling"). */
const ROLLS_BACK = /^(?:1205|1206|1213|1614|3058|'40\w{3}'|'HY000'|SQLEXCEPTION)$/i;

/**
 * PURE: all in a statement of kind `opaque` that may end the transaction that it is sent in, or act outside it. Where that only commits, the
 * journal's mark is committed with what was done; with a ROLLBACK it goes, and what is written behind that stays. `procedures` are
 * those of the database, `prepared` is the text that EXECUTE runs.
 */
export function endingsOf(
  { kind, verb, text }: Pick<Statement, 'kind' | 'verb' | 'text'>,
  { database, procedures }: { readonly database: string; readonly procedures: readonly Procedure[] },
  prepared?: string,
): Ending[] {
  if (kind !== 'opaque') return [];
  const known = { database, procedures, seen: new Set<string>(), modes: DEFAULT_MODES };
  if (verb === 'CALL') return endingsOfCall(calledIn(text), known, true);
  if (verb === 'BEGIN NOT ATOMIC') return endingsIn(text, 'it', known);
  if (verb === 'EXECUTE') {
    const run = prepared ?? literalOf(text);
    if (run === undefined) return [unseen('nobody can see what EXECUTE runs')];
    const found = classify(run);
    if (found.kind === 'transaction' || found.kind === 'forbidden') {
      return [{ because: `it runs ${found.verb}`, isSeen: true, how: howOf(found.verb) }];
    }
    return found.verb === 'EXECUTE' ? [] : endingsOf({ ...found, text: run }, { database, procedures });
  }
  if (/^(?:SELECT|TABLE|VALUES)$/.test(verb)) return [{ because: 'it writes a file', isSeen: true, how: 'takes-back' }];
  // What commits before it acts takes the mark along.
  if (/^(?:CREATE|ALTER|DROP|RENAME|INSTALL|UNINSTALL|IMPORT|LOAD|DO)\b/.test(verb)) return [];
  return [unseen(`nobody knows what ${verb} does`)];
}

function unseen(because: string): Ending {
  return { because, isSeen: false, how: 'takes-back' };
}

function howOf(verb: string): Ending['how'] {
  return /^(?:COMMIT|BEGIN|START)/.test(verb) ? 'commits' : 'takes-back';
}

interface Known {
  readonly database: string;
  readonly procedures: readonly Procedure[];
  readonly seen: Set<string>;
  /** Of the body that is read: each procedure remembers its own. */
  readonly modes: LexicalModes;
}

function calledIn(text: string, modes?: LexicalModes): QualifiedName | undefined {
  const tokens = new Tokens(text, modes);
  tokens.seek('CALL');
  tokens.next();
  return tokens.name();
}

/** EXECUTE IMMEDIATE 'text' (MariaDB). */
function literalOf(text: string): string | undefined {
  const tokens = new Tokens(text);
  if (!tokens.take('EXECUTE', 'IMMEDIATE')) return undefined;
  const token = tokens.next();
  return token?.kind === 'string' && !tokens.peek() ? plainText(token) : undefined;
}

/** What a literal without an escape says. */
export function plainText({ text }: Token): string | undefined {
  const quote = text.at(-1) ?? '';
  const inner = text.slice(text.indexOf(quote) + 1, -1);
  return inner.includes('\\') ? undefined : inner.replaceAll(quote + quote, quote);
}

/** One that is called by the statement itself and is not there is refused by the server before anything runs. */
function endingsOfCall(called: QualifiedName | undefined, known: Known, isOutermost = false): Ending[] {
  const name = called?.name ?? '';
  const hidden = [unseen(`nobody can see what procedure ${name} does`)];
  if (!called || (called.schema !== undefined && called.schema !== known.database)) return hidden;
  const key = name.toLowerCase();
  if (known.seen.has(key)) return [];
  known.seen.add(key);
  const found = known.procedures.find((one) => one.name.toLowerCase() === key);
  if (!found) return isOutermost ? [] : hidden;
  // Other words, and procedures that are called without CALL.
  if (found.body === null || /\bORACLE\b/.test(found.sqlMode)) return hidden;
  return endingsIn(found.body, `procedure ${found.name}`, { ...known, modes: modesOf(found.sqlMode) });
}

function endingsIn(body: string, who: string, known: Known): Ending[] {
  const tokens = allTokens(body, known.modes);
  const endings: Ending[] = [];
  let handled = 0;
  for (const [at, token] of tokens.entries()) {
    const word = token.keyword;
    const before = at === 0 ? ';' : (tokens[at - 1]?.keyword ?? '');
    if (word === 'HANDLER' && ['CONTINUE', 'EXIT', 'UNDO'].includes(before)) handled = endOfConditions(tokens, at);
    if (at < handled && catchesAll(tokens, at)) {
      endings.push(unseen(`${who} goes on behind an error that may roll all back`));
    }
    if (word === 'OUTFILE' || word === 'DUMPFILE') {
      endings.push({ because: `${who} writes a file`, isSeen: true, how: 'takes-back' });
    }
    const isBeginning = (BEFORE_STATEMENT.has(before) && word !== '=') || (handled > 0 && at === handled);
    if (isBeginning) endings.push(...endingsAt(body, tokens, at, who, known));
  }
  return endings;
}

/** Behind `HANDLER FOR condition, condition …`, where its statement begins. */
function endOfConditions(tokens: readonly Token[], handler: number): number {
  let at = handler + 1;
  do {
    at++;
    if (tokens[at]?.keyword === 'SQLSTATE') at += tokens[at + 1]?.keyword === 'VALUE' ? 2 : 1;
    else if (tokens[at]?.keyword === 'NOT') at++;
    at++;
  } while (tokens[at]?.keyword === ',');
  return at;
}

/** Of a condition that has a name nobody sees here what it stands for. */
function catchesAll(tokens: readonly Token[], at: number): boolean {
  const { kind = 'symbol', keyword = '', text = '' } = tokens[at] ?? {};
  if (ROLLS_BACK.test(text) || kind === 'name') return true;
  return kind === 'word' && !/^(?:HANDLER|FOR|SQLSTATE|VALUE|SQLWARNING|NOT|FOUND|\d+)$/.test(keyword);
}

function endingsAt(body: string, tokens: readonly Token[], at: number, who: string, known: Known): Ending[] {
  const word = tokens[at]?.keyword ?? '';
  const [next, second] = [tokens[at + 1]?.keyword ?? '', tokens[at + 2]?.keyword ?? ''];
  const holds = (how: Ending['how']) => [{ because: `${who} holds ${word}`, isSeen: true, how }];
  const end = tokens.slice(at).find(({ keyword }) => keyword === ';')?.start ?? body.length;
  const text = body.slice(tokens[at]?.start ?? 0, end);
  switch (word) {
    case 'CALL':
      return endingsOfCall(calledIn(text, known.modes), known);
    case 'EXECUTE':
      return [unseen(`nobody can see what EXECUTE in ${who} runs`)];
    case 'ROLLBACK':
      return next === 'TO' || (next === 'WORK' && second === 'TO') ? [] : holds('takes-back');
    case 'SET':
      return setsOutside(text, known.modes).flatMap(holds);
    case 'CREATE':
    case 'DROP':
      return ['TEMPORARY', 'PREPARE'].includes(next) || tokens[at + 3]?.keyword === 'TEMPORARY' ? [] : holds('commits');
    default:
      if (next === '(') return [];
      if (word === 'START' && next !== 'TRANSACTION') return holds('outside');
      return COMMITS.has(word) ? holds('commits') : OUTSIDE.has(word) ? holds('outside') : [];
  }
}

/** `SET autocommit` commits, and a global stays whatever is rolled back. */
function setsOutside(text: string, modes: LexicalModes): Ending['how'][] {
  const assigned = assignmentsOf(text, modes);
  const isOutside = assigned.some(({ scope, name }) => isServerWide(scope) || /^password$/i.test(name));
  if (isOutside) return ['outside'];
  return assigned.some(({ name }) => /^autocommit$/i.test(name)) ? ['commits'] : [];
}
