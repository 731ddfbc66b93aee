import { messageOf } from '../../errors.ts';
import type { Session } from '../../mysql/connect.ts';
import { quoteName, quoteQualified } from '../../mysql/quote.ts';

/** Where a statement that makes a stored object names its definer: as SHOW CREATE prints it, and as dumps wrap it. */
const DEFINER =
  /^(?:\/\*!\d+ CREATE\*\/ (?:\/\*!\d+ )?|\/\*!\d+ |CREATE (?:OR REPLACE )?(?:ALGORITHM=\w+ )?)DEFINER=(?:`((?:[^`]|``)*)`(?:@`((?:[^`]|``)*)`)?|"((?:[^"]|"")*)"(?:@"((?:[^"]|"")*)")?)/gm;
const PROBE = 'gateway_migrate_probe';

/** PURE: the definers that SQL names, each once, in backticks: what was made under ANSI_QUOTES has them in double quotes. */
export function definersIn(sql: string): string[] {
  return [
    ...new Set(
      [...sql.matchAll(DEFINER)].map((match) => `DEFINER=${match[1] === undefined ? ansi(match) : plain(match)}`),
    ),
  ];
}

/** A view in a dump: whose it is, and its query. */
const VIEW = /^\/\*!50013 (DEFINER=\S.*?) SQL SECURITY DEFINER \*\/\n\/\*!50001 VIEW (.*)$/gm;
/** A column with its database, or with its table alone. */
const OF_DATABASE = /`(?:[^`]|``)*`\.`(?:[^`]|``)*`\.`/;
const OF_TABLE = /(?<![`.])`(?:[^`]|``)*`\.`(?:[^`]|``)*`(?![.(`])/;

/**
 * PURE: of the definers of a dump's views, those whose account was gone when it was made. MariaDB then names the database in
 * front of every column; else only where a view looks into another database. MySQL never does, and does not tell.
 */
export function nobodiesIn(sql: string): string[] {
  const views = [...sql.matchAll(VIEW)].map(([, definer = '', query = '']) => ({ definer, query }));
  const known = new Set(views.filter(({ query }) => OF_TABLE.test(query)).map(({ definer }) => definer));
  const gone = views.filter(({ definer, query }) => OF_DATABASE.test(query) && !known.has(definer));
  return [...new Set(gone.map(({ definer }) => definer))];
}

function plain([, user = '', host]: RegExpExecArray): string {
  return [user, host].flatMap((part) => (part === undefined ? [] : [`\`${part}\``])).join('@');
}

function ansi([, , , user = '', host]: RegExpExecArray): string {
  return [user, host].flatMap((part) => (part === undefined ? [] : [quoteName(part.replaceAll('""', '"'))])).join('@');
}

/**
 * Tries in a database beside whether the account may make and drop what belongs to each definer. Which privilege it takes
 * depends on what the definer may do (MySQL's SYSTEM_USER), which the account cannot see. Throws before anything is
 * dropped that could not be made again.
 */
export async function requireDefiners(session: Session, database: string, definers: readonly string[]): Promise<void> {
  const probe = quoteQualified(database, PROBE);
  for (const definer of definers) {
    try {
      await session.execute(`CREATE OR REPLACE ${definer} VIEW ${probe} AS SELECT 1 AS one`);
      await session.execute(`DROP VIEW ${probe}`);
    } catch (error) {
      throw new Error(`the account may not make what has ${definer}: ${messageOf(error)}`);
    }
  }
}
