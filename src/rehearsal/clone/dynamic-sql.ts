import { classify } from '../../migrations/classify/classify.ts';
import type { LexicalModes } from '../../migrations/sql/lexer.ts';
import { allTokens, Tokens, unquote } from '../../migrations/sql/tokens.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import type { Finding } from '../finding.ts';
import { actsOnServer, databaseNamedBy } from './confinement.ts';

/** What must not be reached from a clone on production's own server. */
export interface Confinement {
  readonly production: string;
  readonly clone: string;
}

interface Connections {
  /** Runs the migrations: their variables live here. */
  readonly work: Session;
  /** Reads the clone. */
  readonly reader: Session;
}

export type Escape = Omit<Finding, 'version'>;

/** Statements that can run SQL which does not stand in their own text. */
const CAN_RUN_MORE = /\b(?:PREPARE|EXECUTE|CALL|EVENT|BEGIN)\b/i;
/** Databases of the server itself, which a migration may read; that it writes there is seen from its tables. */
const SYSTEM = new Set(['information_schema', 'performance_schema', 'mysql', 'sys']);

/**
 * What a statement would do beyond its own text, asked before it runs: PREPARE and EXECUTE IMMEDIATE are judged by the
 * text that they are given at this moment; what a stored program puts together while it runs nobody can read before.
 * Undefined when it stays in the clone. Throws the server's error when the text cannot be read.
 */
export async function findDynamicEscape(
  statement: Statement,
  confinement: Confinement,
  connections: Connections,
): Promise<Escape | undefined> {
  const { text, verb } = statement;
  if (!CAN_RUN_MORE.test(text)) return undefined;
  if (verb === 'PREPARE' || verb === 'EXECUTE') {
    const source = sourceOf(text);
    return source === undefined ? undefined : judgeGiven(statement, source, confinement, connections);
  }
  if (!['CALL', 'BEGIN NOT ATOMIC', 'CREATE EVENT', 'ALTER EVENT'].includes(verb)) return undefined;
  const ran = verb === 'ALTER EVENT' ? `${text}\n${await eventBody(statement, connections.reader)}` : text;
  const by = await runsUnseen(ran, confinement, connections.reader);
  return by === undefined ? undefined : unwatched(statement, `runs SQL that is put together while it runs, by ${by}`);
}

async function judgeGiven(
  statement: Statement,
  source: string,
  { production, clone }: Confinement,
  { work, reader }: Connections,
): Promise<Escape | undefined> {
  const given = await readGiven(work, source);
  if (!given) return undefined;
  const { text, modes } = given;
  const known: Statement = { ...statement, text, ...classify(text, modes) };
  const named =
    databaseNamedBy(known, production, clone) ?? otherNamed(text, modes, await otherDatabases(reader, clone));
  const about = { level: 'error', group: 'rehearsal', object: `line ${statement.line}` } as const;
  if (named !== undefined) {
    return {
      ...about,
      name: 'names-a-database',
      what: `the text that ${statement.verb} is given (${known.verb}) names the database ${named}`,
      why: 'on the clone it would act on that database itself, so it was not run',
      fix: 'leave the name of the database out, or rehearse with rehearsal: private',
    };
  }
  if (known.kind === 'forbidden' || actsOnServer(known)) {
    return {
      ...about,
      name: 'acts-on-the-server',
      what: `the text that ${statement.verb} is given (${known.verb}) acts on more than the database`,
      why: "the clone is on production's own server, so it was not run",
      fix: 'write it as a statement of its own, which a rehearsal leaves out, or rehearse with rehearsal: private',
    };
  }
  const runsMore = known.verb === 'ALTER EVENT' || allTokens(text, modes).some(({ keyword }) => RUNNERS.has(keyword));
  return runsMore ? unwatched(statement, `is given a text (${known.verb}) that runs more SQL itself`) : undefined;
}

const RUNNERS = new Set(['PREPARE', 'EXECUTE', 'CALL']);

function unwatched({ verb, line }: Statement, what: string): Escape {
  return {
    name: 'cannot-be-watched',
    level: 'error',
    group: 'rehearsal',
    object: `line ${line}`,
    what: `${verb} ${what}`,
    why: "nobody can read it before it runs, and the clone is on production's own server, so it was not run",
    fix: 'rehearse with rehearsal: private, where nothing of production can be reached',
  };
}

/** PURE: the expression behind `PREPARE name FROM` or `EXECUTE IMMEDIATE`; undefined for `EXECUTE name`. */
function sourceOf(text: string): string | undefined {
  const tokens = new Tokens(text);
  for (let token = tokens.next(); token; token = tokens.next()) {
    const isPrepare = token.keyword === 'PREPARE' && tokens.keyword(1) === 'FROM';
    const isImmediate = token.keyword === 'EXECUTE' && tokens.keyword() === 'IMMEDIATE';
    if (!isPrepare && !isImmediate) continue;
    tokens.next();
    if (isPrepare) tokens.next();
    return expressionAt(tokens, text);
  }
  return undefined;
}

/** Up to USING outside of parentheses, or to the end; without a comment at the end. */
function expressionAt(tokens: Tokens, text: string): string | undefined {
  const start = tokens.peek()?.start;
  let end = start;
  let depth = 0;
  for (let token = tokens.next(); token && !(depth === 0 && token.keyword === 'USING'); token = tokens.next()) {
    if (token.keyword === '(') depth++;
    if (token.keyword === ')') depth--;
    end = token.end;
  }
  return start === undefined ? undefined : text.slice(start, end);
}

/** In hexadecimal: what the migration SETs of character sets cannot change it on its way. Undefined: it is NULL. */
async function readGiven(work: Session, source: string): Promise<{ text: string; modes: LexicalModes } | undefined> {
  const [row] = await work.query<{ hex: string | null; mode: string }>(
    `SELECT HEX(CONVERT((${source}) USING utf8mb4)) AS hex, @@sql_mode AS mode`,
  );
  if (!row || row.hex === null) return undefined;
  const modes = {
    ansiQuotes: /\bANSI_QUOTES\b/.test(row.mode),
    noBackslashEscapes: /\bNO_BACKSLASH_ESCAPES\b/.test(row.mode),
  };
  return { text: Buffer.from(row.hex, 'hex').toString('utf8'), modes };
}

async function otherDatabases(reader: Session, clone: string): Promise<readonly string[]> {
  const rows = await reader.query<{ name: string }>('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA');
  return rows.map(({ name }) => name).filter((name) => name !== clone && !SYSTEM.has(name.toLowerCase()));
}

/** PURE: the database behind USE, or the first of `databases` that stands in front of a dot. */
function otherNamed(text: string, modes: LexicalModes, databases: readonly string[]): string | undefined {
  const tokens = new Tokens(text, modes);
  if (tokens.take('USE')) return tokens.name()?.name;
  for (let token = tokens.next(); token; token = tokens.next()) {
    if ((token.kind !== 'word' && token.kind !== 'name') || tokens.keyword() !== '.') continue;
    const name = unquote(token).toLowerCase();
    const found = databases.find((database) => database.toLowerCase() === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Body extends Record<string, unknown> {
  readonly name: string;
  /** Null: it may not be read. */
  readonly body: string | null;
  readonly language: string;
}

/** Which part of it runs SQL that cannot be read before, directly or through a procedure; undefined: none does. */
async function runsUnseen(text: string, { clone }: Confinement, reader: Session): Promise<string | undefined> {
  const procedures = await reader.query<Body>(
    `SELECT ROUTINE_NAME AS name, ROUTINE_DEFINITION AS body, ROUTINE_BODY AS language
     FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE = 'PROCEDURE'`,
  );
  const unseen = new Map<string, string>();
  for (let before = -1; before < unseen.size; ) {
    before = unseen.size;
    for (const { name, body, language } of procedures) {
      const isUnseen = body === null || language !== 'SQL' || unseenIn(body, clone, unseen) !== undefined;
      if (isUnseen) unseen.set(name.toUpperCase(), `procedure ${name}`);
    }
  }
  return unseenIn(text, clone, unseen);
}

/** PURE: in Oracle's mode a body calls a procedure by its bare name, so that every mention counts. */
function unseenIn(text: string, clone: string, unseen: ReadonlyMap<string, string>): string | undefined {
  const tokens = allTokens(text);
  const runner = tokens.find(({ keyword }) => keyword === 'PREPARE' || keyword === 'EXECUTE');
  if (runner) return runner.keyword;
  const names = tokens.map((token) => unseen.get(unquote(token).toUpperCase()));
  return names.find((name) => name !== undefined) ?? callElsewhere(text, clone);
}

/** PURE: what another database's procedure does is not known here. */
function callElsewhere(text: string, clone: string): string | undefined {
  const tokens = new Tokens(text);
  while (tokens.peek()) {
    if (tokens.next()?.keyword !== 'CALL') continue;
    const called = tokens.name();
    if (called?.schema !== undefined && called.schema !== clone) return `procedure ${called.schema}.${called.name}`;
  }
  return undefined;
}

/** ALTER EVENT may enable one that was cloned disabled. */
async function eventBody({ touches }: Statement, reader: Session): Promise<string> {
  const [, name = ''] = touches[0]?.object.split(/:(.*)/s) ?? [];
  const [row] = await reader.query<{ body: string }>(
    'SELECT EVENT_DEFINITION AS body FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() AND EVENT_NAME = ?',
    [name],
  );
  return row?.body ?? '';
}
