import { enterAlter } from '../../migrations/sql/alter-actions.ts';
import type { LexicalModes } from '../../migrations/sql/lexer.ts';
import { Tokens } from '../../migrations/sql/tokens.ts';

/** Why a definition, run again, would not leave the same rows. */
export interface Recomputed {
  readonly reason: string;
  /** It does where the database has its own name. */
  readonly isSameByName: boolean;
}

/** Functions that give the same again for the same row, or under the time that a statement was given. */
const SAME_AGAIN: ReadonlySet<string> = new Set(
  `NOW CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP CURRENT_DATE CURDATE CURRENT_TIME CURTIME UTC_TIMESTAMP UTC_DATE UTC_TIME
  UNIX_TIMESTAMP FROM_UNIXTIME DATE TIME YEAR MONTH DAY HOUR MINUTE SECOND MICROSECOND QUARTER WEEK WEEKDAY DAYOFMONTH DAYOFWEEK
  DAYOFYEAR LAST_DAY DATE_ADD DATE_SUB ADDDATE SUBDATE ADDTIME SUBTIME TIMESTAMP TIMESTAMPADD TIMESTAMPDIFF DATEDIFF TIMEDIFF
  MAKEDATE MAKETIME DATE_FORMAT TIME_FORMAT STR_TO_DATE TO_DAYS FROM_DAYS TO_SECONDS SEC_TO_TIME TIME_TO_SEC EXTRACT CONVERT_TZ
  CONCAT CONCAT_WS LOWER LCASE UPPER UCASE LEFT RIGHT SUBSTRING SUBSTR MID TRIM LTRIM RTRIM LPAD RPAD REPEAT SPACE REPLACE REVERSE
  INSERT INSTR LOCATE POSITION LENGTH OCTET_LENGTH CHAR_LENGTH CHARACTER_LENGTH BIT_LENGTH ASCII ORD CHAR FORMAT HEX UNHEX
  TO_BASE64 FROM_BASE64 QUOTE ELT FIELD FIND_IN_SET MAKE_SET EXPORT_SET SUBSTRING_INDEX SOUNDEX WEIGHT_STRING
  ABS CEIL CEILING FLOOR ROUND TRUNCATE MOD POW POWER SQRT EXP LN LOG LOG2 LOG10 SIGN PI SIN COS TAN COT ASIN ACOS ATAN ATAN2 DEGREES
  RADIANS GREATEST LEAST COALESCE IFNULL NULLIF IF ISNULL INTERVAL CAST CONVERT BIN OCT CONV CRC32 MD5 SHA SHA1 SHA2
  BIT_COUNT INET_ATON INET_NTOA INET6_ATON INET6_NTOA UUID_TO_BIN BIN_TO_UUID IS_UUID
  JSON_ARRAY JSON_OBJECT JSON_QUOTE JSON_UNQUOTE JSON_EXTRACT JSON_VALUE JSON_SET JSON_INSERT JSON_REPLACE JSON_REMOVE JSON_VALID
  JSON_LENGTH JSON_TYPE JSON_MERGE_PATCH JSON_MERGE_PRESERVE JSON_CONTAINS JSON_KEYS JSON_COMPACT JSON_DETAILED
  POINT LINESTRING POLYGON ST_GEOMFROMTEXT ST_GEOMETRYFROMTEXT ST_POINTFROMTEXT ST_GEOMFROMWKB ST_SRID ST_X ST_Y
  IN VALUES CHARSET COLLATE BINARY VARCHAR VARBINARY SIGNED UNSIGNED DECIMAL NCHAR DATETIME FLOAT DOUBLE AND OR NOT XOR WHEN THEN
  ELSE BETWEEN LIKE DIV CASE AS`.split(/\s+/),
);
const NAME_OF_DATABASE: ReadonlySet<string> = new Set(['DATABASE', 'SCHEMA']);
/** Without parentheses. */
const OF_THE_SESSION: ReadonlySet<string> = new Set(['CURRENT_USER', 'CURRENT_ROLE', 'NEXT', 'PREVIOUS']);

/**
 * PURE: an ALTER TABLE is in the log as its text. What a default computes for the rows that are there, what numbers them, and
 * what drops some of them is computed again when it is repeated.
 */
export function findRecomputed(text: string, modes: LexicalModes): Recomputed | undefined {
  const tokens = new Tokens(text, modes);
  if (!tokens.take('ALTER')) return undefined;
  tokens.take('ONLINE');
  const isIgnoring = tokens.take('IGNORE');
  if (tokens.keyword() !== 'TABLE') return undefined;
  if (isIgnoring) return never('it drops rows that are not unique (IGNORE), which may be others when it runs again');
  enterAlter(tokens);
  let numbered = false;
  let isInOrder = false;
  do {
    const first = tokens.keyword();
    if (first === 'IMPORT') return never('it takes its rows from a file');
    if (first === 'DROP' && tokens.keyword(1) === 'PRIMARY') isInOrder = true;
    const action = readAction(tokens);
    if (action === 'numbers') numbered = true;
    else if (action) return action;
  } while (tokens.next());
  return numbered && !isInOrder ? never(NUMBERED) : undefined;
}

/** Moves to the comma behind one action, or to the end. Only ADD fills columns of rows that are there. */
function readAction(tokens: Tokens): Recomputed | 'numbers' | undefined {
  const isAdding = tokens.keyword() === 'ADD';
  let depth = 0;
  let isNumbered = false;
  for (let token = tokens.peek(); token && !(depth === 0 && token.keyword === ','); token = tokens.peek()) {
    tokens.next();
    if (token.keyword === '(') depth++;
    if (token.keyword === ')') depth--;
    if (token.keyword === 'AUTO_INCREMENT') isNumbered = isAdding;
    const found = isAdding && token.keyword === 'DEFAULT' ? readDefault(tokens) : undefined;
    if (found) return found;
  }
  return isNumbered ? 'numbers' : undefined;
}

/** By the key that is dropped with it where there is one, else as they were put in: commits have another order. */
const NUMBERED = 'it numbers rows that are there (AUTO_INCREMENT), in an order that the log does not have';

function never(reason: string): Recomputed {
  return { reason, isSameByName: false };
}

/** Behind DEFAULT: `(expression)`, or in MariaDB also `function(…)`. */
function readDefault(tokens: Tokens): Recomputed | undefined {
  let depth = 0;
  do {
    const token = tokens.peek();
    if (!token) return undefined;
    const { keyword } = token;
    const isCall = token.kind === 'word' && tokens.keyword(1) === '(';
    if (keyword.startsWith('@') || OF_THE_SESSION.has(keyword)) return never(computes(keyword));
    if (isCall && NAME_OF_DATABASE.has(keyword)) return { reason: computes(keyword), isSameByName: true };
    if (isCall && !SAME_AGAIN.has(keyword)) return never(computes(keyword));
    if (depth === 0 && keyword !== '(' && !isCall) return undefined;
    tokens.next();
    if (keyword === '(') depth++;
    if (keyword === ')') depth--;
    if (isCall) {
      tokens.next();
      depth++;
    }
  } while (depth > 0);
  return undefined;
}

function computes(name: string): string {
  return `it fills rows that are there with ${name}, which would not give the same again`;
}
