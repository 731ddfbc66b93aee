import { classify } from '../../migrations/classify/classify.ts';
import { DEFAULT_MODES } from '../../migrations/sql/lexer.ts';
import { Tokens, unquote } from '../../migrations/sql/tokens.ts';
import type { Session } from '../../mysql/connect.ts';
import type { BinlogPosition } from '../file/manifest.ts';

/** Events asked for at once: memory stays flat, however much was written. */
const PAGE = 5_000;
const LONGEST_SHOWN = 120;

interface LoggedEvent {
  readonly [column: string]: unknown;
  readonly Event_type: string;
  readonly Pos: number | string;
  readonly End_log_pos: number | string;
  readonly Info: string;
}

/**
 * The first statement of DDL about the database that the server's binary log has behind a position, up to its present
 * end; null: none. Asks for REPLICATION SLAVE (MySQL) or BINLOG MONITOR; undefined when the log cannot be read.
 */
export async function findLoggedDdl(
  session: Session,
  database: string,
  from: Pick<BinlogPosition, 'file' | 'position'>,
): Promise<string | null | undefined> {
  try {
    const logs = await session.query<{ Log_name: string }>('SHOW BINARY LOGS');
    const first = logs.findIndex(({ Log_name: name }) => name === from.file);
    if (first === -1) return undefined;
    for (const [index, { Log_name: name }] of logs.slice(first).entries()) {
      const found = await findInLog(session, database, name, index === 0 ? from.position : 4);
      if (found !== undefined) return found;
    }
    return null;
  } catch {
    return undefined;
  }
}

async function findInLog(session: Session, database: string, log: string, from: number): Promise<string | undefined> {
  for (let position = from; ; ) {
    const events = await session.query<LoggedEvent>(`SHOW BINLOG EVENTS IN ? FROM ${position} LIMIT ${PAGE}`, [log]);
    const found = events.find((event) => isDdlOf(event, database));
    if (found) return shorten(statementOf(found.Info).text);
    const last = events.at(-1);
    if (!last || events.length < PAGE) return undefined;
    position = Number(last.End_log_pos);
  }
}

function isDdlOf({ Event_type: type, Info: info }: LoggedEvent, database: string): boolean {
  if (!type.startsWith('Query')) return false;
  const { inUse, text } = statementOf(info);
  const { kind, verb, touches } = classify(text);
  const isDdl = kind === 'ddl' || kind === 'truncate' || /^(?:ALTER|CREATE|DROP) (?:DATABASE|SCHEMA|TABLE)$/.test(verb);
  const isElsewhere = touches.length > 0 && touches.every(({ schema }) => schema !== undefined);
  return isDdl && (names(text, database) || (!isElsewhere && isSame(inUse, database)));
}

/** `use` with the database in backticks, the statement, and a comment with its transaction: as both servers show it. */
function statementOf(info: string): { readonly inUse: string; readonly text: string } {
  const match = /^use `((?:[^`]|``)*)`; /.exec(info);
  const text = info.slice(match?.[0].length ?? 0).replace(/ \/\* xid=\d+ \*\/$/, '');
  return { inUse: match?.[1]?.replaceAll('``', '`') ?? '', text };
}

/** Too strict where a column has the name of the database. */
function names(text: string, database: string): boolean {
  const tokens = new Tokens(text, DEFAULT_MODES);
  for (let token = tokens.next(); token; token = tokens.next()) {
    if ((token.kind === 'name' || token.kind === 'word') && isSame(unquote(token), database)) return true;
  }
  return false;
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN)}…` : line;
}
