import { classify } from './classify/classify.ts';
import { assignmentsIn, isServerWide } from './sql/assignments.ts';
import { type QualifiedName, type Token, Tokens } from './sql/tokens.ts';
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
}

/** Commit or roll back, or act outside transactions. */
const ENDS = new Set(
  'COMMIT START XA CREATE ALTER DROP RENAME TRUNCATE ANALYZE OPTIMIZE REPAIR CHECK CACHE LOAD FLUSH GRANT REVOKE INSTALL UNINSTALL LOCK UNLOCK RESET CHANGE STOP PURGE SHUTDOWN RESTART IMPORT CLONE BACKUP'.split(
    ' ',
  ),
);
/** Behind one of these a statement of a body begins (or an expression of CASE). */
const BEFORE_STATEMENT = new Set([';', ':', 'THEN', 'ELSE', 'DO', 'BEGIN', 'LOOP', 'REPEAT', 'ATOMIC']);
/** Errors with which InnoDB may roll the whole transaction back (Reference Manual, "InnoDB Error Handling"). */
const ROLLS_BACK = /^(?:1205|1206|1213|1614|3058|'40\w{3}'|'HY000'|SQLEXCEPTION)$/i;

/**
 * PURE: what in a statement of kind `opaque` may end the transaction that it is sent in, other than by committing it first: then the
 * journal's mark goes with a ROLLBACK, and what is written behind it stays. Undefined: nothing does. `procedures` are those of the
 * database, `prepared` is the text that EXECUTE runs.
 */
export function endingOf(
  { kind, verb, text }: Pick<Statement, 'kind' | 'verb' | 'text'>,
  { database, procedures }: { readonly database: string; readonly procedures: readonly Procedure[] },
  prepared?: string,
): Ending | undefined {
  if (kind !== 'opaque') return undefined;
  const known = { database, procedures, seen: new Set<string>() };
  if (verb === 'CALL') return endingOfCall(calledIn(text), known, true);
  if (verb === 'BEGIN NOT ATOMIC') return endingIn(text, 'it', known);
  if (verb === 'EXECUTE') {
    const run = prepared ?? literalOf(text);
    if (run === undefined) return { because: 'nobody can see what EXECUTE runs', isSeen: false };
    const found = classify(run);
    if (['transaction', 'forbidden'].includes(found.kind)) return { because: `it runs ${found.verb}`, isSeen: true };
    return found.verb === 'EXECUTE' ? undefined : endingOf({ ...found, text: run }, { database, procedures });
  }
  if (/^(?:SELECT|TABLE|VALUES)$/.test(verb)) return { because: 'it writes a file', isSeen: true };
  // What commits before it acts takes the mark along.
  if (/^(?:CREATE|ALTER|DROP|RENAME|INSTALL|UNINSTALL|IMPORT|LOAD|DO)\b/.test(verb)) return undefined;
  return { because: `nobody knows what ${verb} does`, isSeen: false };
}

interface Known {
  readonly database: string;
  readonly procedures: readonly Procedure[];
  readonly seen: Set<string>;
}

function calledIn(text: string): QualifiedName | undefined {
  const tokens = new Tokens(text);
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
function endingOfCall(called: QualifiedName | undefined, known: Known, isOutermost = false): Ending | undefined {
  const name = called?.name ?? '';
  const hidden = { because: `nobody can see what procedure ${name} does`, isSeen: false };
  if (!called || (called.schema !== undefined && called.schema !== known.database)) return hidden;
  const key = name.toLowerCase();
  if (known.seen.has(key)) return undefined;
  known.seen.add(key);
  const found = known.procedures.find((one) => one.name.toLowerCase() === key);
  if (!found) return isOutermost ? undefined : hidden;
  // Other words, and procedures that are called without CALL.
  if (found.body === null || /\bORACLE\b/.test(found.sqlMode)) return hidden;
  return endingIn(found.body, `procedure ${found.name}`, known);
}

function endingIn(body: string, who: string, known: Known): Ending | undefined {
  const tokens = allTokens(body);
  let handled = 0;
  for (const [at, token] of tokens.entries()) {
    const word = token.keyword;
    const before = at === 0 ? ';' : (tokens[at - 1]?.keyword ?? '');
    if (word === 'HANDLER' && ['CONTINUE', 'EXIT', 'UNDO'].includes(before)) handled = endOfConditions(tokens, at);
    if (at < handled && catchesAll(tokens, at)) {
      return { because: `${who} goes on behind an error that may roll all back`, isSeen: false };
    }
    if (word === 'OUTFILE' || word === 'DUMPFILE') return { because: `${who} writes a file`, isSeen: true };
    const isBeginning = (BEFORE_STATEMENT.has(before) && word !== '=') || (handled > 0 && at === handled);
    const ending = isBeginning ? endingAt(body, tokens, at, who, known) : undefined;
    if (ending) return ending;
  }
  return undefined;
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

function endingAt(body: string, tokens: readonly Token[], at: number, who: string, known: Known): Ending | undefined {
  const word = tokens[at]?.keyword ?? '';
  const [next, second] = [tokens[at + 1]?.keyword ?? '', tokens[at + 2]?.keyword ?? ''];
  const holds = { because: `${who} holds ${word}`, isSeen: true };
  const end = tokens.slice(at).find(({ keyword }) => keyword === ';')?.start ?? body.length;
  const text = body.slice(tokens[at]?.start ?? 0, end);
  switch (word) {
    case 'CALL':
      return endingOfCall(calledIn(text), known);
    case 'EXECUTE':
      return { because: `nobody can see what EXECUTE in ${who} runs`, isSeen: false };
    case 'ROLLBACK':
      return next === 'TO' || (next === 'WORK' && second === 'TO') ? undefined : holds;
    case 'SET':
      return setsOutside(text) ? holds : undefined;
    case 'CREATE':
    case 'DROP':
      return ['TEMPORARY', 'PREPARE'].includes(next) || tokens[at + 3]?.keyword === 'TEMPORARY' ? undefined : holds;
    default:
      return ENDS.has(word) && next !== '(' ? holds : undefined;
  }
}

/** `SET autocommit` commits, and a global stays whatever is rolled back. */
function setsOutside(text: string): boolean {
  const tokens = new Tokens(text);
  tokens.take('SET');
  return assignmentsIn(tokens).some(
    ({ scope, name }) => isServerWide(scope) || /^(?:autocommit|password)$/i.test(name) || scope.startsWith('PERSIST'),
  );
}

function allTokens(text: string): Token[] {
  const tokens = new Tokens(text);
  const all: Token[] = [];
  for (let token = tokens.next(); token; token = tokens.next()) all.push(token);
  return all;
}
