import type { Migration } from '../migrations/types.ts';
import type { Finding } from './finding.ts';
import { Escaped, type Refused } from './stage.ts';

const ER_PARSE_ERROR = 1064;
/** No such table or column; foreign key to what is not there (MySQL 1824, MariaDB 1005 with errno 150). */
const MISSING = new Set([1146, 1824, 1005, 1215, 1305, 1054, 1072]);

/**
 * What a server says where a row is not found that another refers to: a foreign key without its parent (1216, 1452), NULL from a
 * subquery that finds nothing (1048; 1138 and 1265 once the column becomes NOT NULL), a CHECK (MySQL 3819, MariaDB 4025), a
 * trigger that looks for the row (1644).
 */
const ROW_NOT_FOUND = new Set([1216, 1452, 1048, 1138, 1265, 3819, 4025, 1644]);

/** PURE: why a statement is refused, and what helps, that may refer to rows which the clone does not have; else undefined. */
export function withoutRows({ errno = 0 }: Refused, hasRows: boolean, mend: string) {
  if (hasRows || !ROW_NOT_FOUND.has(errno)) return undefined;
  return {
    asksForRows: true,
    why: 'the tables of the clone have no rows: if it refers to those of production, it may succeed there',
    fix: `gateway-migrate test --from-backup tries it on real rows, and deploy takes its word; else ${mend}`,
  } as const;
}

interface Surroundings {
  readonly pending: readonly Migration[];
  /** See `Stage`. */
  readonly hasRows: boolean;
}

/** PURE: what the server's refusal of an up statement means for the author. */
export function explainRefusal(refused: Refused, migration: Migration, { pending, hasRows }: Surroundings): Finding {
  if (refused instanceof Escaped) return { ...refused.finding, version: migration.version };
  const { ordinal, statement, errno } = refused;
  const of = migration.up.length;
  const about = {
    level: 'error',
    group: 'forward',
    version: migration.version,
    object: `statement ${ordinal} of ${of}, line ${statement.line}`,
    what: `${statement.verb} is refused: ${refused.message}${errno === undefined ? '' : ` (error ${errno})`}`,
  } as const;
  const later = errno !== undefined && MISSING.has(errno) ? laterMaker(refused, migration, pending) : undefined;
  if (later) {
    return {
      ...about,
      name: 'needs-a-later-migration',
      why: `table ${later.table} is made only by ${later.migration.version}, which is applied after this one`,
      fix: `give the migration a version above ${later.migration.version}`,
    };
  }
  if (errno === ER_PARSE_ERROR && (/^[ \t]*DELIMITER\b/im.test(migration.text) || isProgram(statement.verb))) {
    return {
      ...about,
      name: 'delimiter',
      why: `the server was given this as one statement: ${excerpt(statement.text)}`,
      fix: 'put DELIMITER // before the stored program, // after its END, and DELIMITER ; after that',
    };
  }
  const fix = `mend line ${statement.line} of ${migration.baseName}`;
  const why = ordinal === 1 ? 'nothing of the migration would be in place' : halfDone(ordinal);
  return { ...about, name: 'up-fails', why, fix, ...withoutRows(refused, hasRows, fix) };
}

function halfDone(ordinal: number): string {
  const done = ordinal === 2 ? 'statement 1' : `statements 1 to ${ordinal - 1}`;
  return `it would stop half way: every DDL statement commits by itself, so ${done} would stay in place`;
}

function isProgram(verb: string): boolean {
  return /^CREATE (?:PROCEDURE|FUNCTION|TRIGGER|EVENT)\b/.test(verb) || verb === 'END';
}

const EXCERPT_LENGTH = 160;

function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= EXCERPT_LENGTH ? line : `${line.slice(0, EXCERPT_LENGTH)}…`;
}

function laterMaker({ statement }: Refused, migration: Migration, pending: readonly Migration[]) {
  for (const later of pending.slice(pending.indexOf(migration) + 1)) {
    for (const touch of later.up.flatMap((one) => one.touches)) {
      const table = touch.object.slice('table:'.length);
      const isMade = touch.action === 'create' && touch.object.startsWith('table:');
      if (isMade && mentions(statement.text, table)) return { table, migration: later };
    }
  }
  return undefined;
}

function mentions(text: string, name: string): boolean {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\w$])${escaped}(?![\\w$])`, 'i').test(text);
}
