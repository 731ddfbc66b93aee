import type { LexicalModes } from './lexer.ts';

const SETS_MODE = /^(?:\/\*M?!\d*\s*)?set\b(?!\s+global\b)[\s\S]*?\bsql_mode\s*:?=/i;
/** ANSI and the names of foreign databases (MariaDB) are combinations that hold ANSI_QUOTES. */
const QUOTES_NAMES = /\b(?:ANSI_QUOTES|ANSI|ORACLE|MSSQL|DB2|MAXDB|POSTGRESQL)\b/i;

/** How text is read under a `sql_mode` as the server lists it. */
export function modesOf(sqlMode: string): LexicalModes {
  return { noBackslashEscapes: /\bNO_BACKSLASH_ESCAPES\b/i.test(sqlMode), ansiQuotes: QUOTES_NAMES.test(sqlMode) };
}

/**
 * How the text after a statement must be read: a `SET sql_mode` turns on the modes that it names, and one that names
 * none (a saved variable, DEFAULT, '') turns back to those that the session began with.
 */
export function modesAfter(statement: string, current: LexicalModes, initial: LexicalModes): LexicalModes {
  if (!/^(?:set\b|\/\*)/i.test(statement) || !SETS_MODE.test(statement)) return current;
  if (/\breplace\s*\(/i.test(statement)) return initial;
  return {
    ...initial,
    noBackslashEscapes: initial.noBackslashEscapes || /NO_BACKSLASH_ESCAPES/i.test(statement),
    ansiQuotes: initial.ansiQuotes || QUOTES_NAMES.test(statement),
  };
}
