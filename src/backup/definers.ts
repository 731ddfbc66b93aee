import { messageOf } from '../errors.ts';
import type { Session } from '../mysql/connect.ts';
import { quoteName, quoteQualified } from '../mysql/quote.ts';

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
