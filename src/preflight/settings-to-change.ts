import { ADDS_A_COLUMN, GUARDED, letsIn } from '../backup/load/admission.ts';
import type { Session } from '../mysql/connect.ts';
import type { Flavor } from '../mysql/flavor.ts';
import { missingPrivileges } from '../mysql/grants.ts';

/** A setting under which tables that production has could not be made again, unless a session changes it for itself. */
export interface SettingToChange {
  readonly name: string;
  readonly value: string;
  readonly tables: readonly string[];
  /** One of them lets an account change it; the first is the smallest. */
  readonly rights: readonly string[];
  /** What is the matter with the tables: `have no primary key`. */
  readonly because: string;
  /** Told by the widths of columns, which a server sums up otherwise. */
  readonly isEstimate: boolean;
}

/** Tables without a key of that kind. */
const without = (key: string) => `SELECT t.TABLE_NAME AS name FROM information_schema.TABLES t
  WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE' AND NOT EXISTS (
    SELECT 1 FROM information_schema.STATISTICS s
    WHERE s.TABLE_SCHEMA = DATABASE() AND s.TABLE_NAME = t.TABLE_NAME AND ${key})`;

/** MySQL takes a unique key over whole columns without NULL for a primary key. */
const KEY = `s.NON_UNIQUE = 0
  GROUP BY s.INDEX_NAME HAVING SUM(s.NULLABLE = 'YES' OR s.SUB_PART IS NOT NULL OR s.EXPRESSION IS NOT NULL) = 0`;

/**
 * Of a COMPACT or REDUNDANT row long values stay with their first 768 bytes, of others with a pointer; half a page of 16 kB has room
 * for 8126 bytes (Reference Manual, "InnoDB Row Formats"). What is stored nowhere takes no room.
 */
const WIDE = `SELECT t.TABLE_NAME AS name FROM information_schema.TABLES t
  WHERE t.TABLE_SCHEMA = DATABASE() AND t.ENGINE = 'InnoDB' AND (
    (t.CREATE_OPTIONS LIKE '%KEY_BLOCK_SIZE%' AND t.ROW_FORMAT <> 'Compressed') OR 8126 * @@innodb_page_size / 16384 < (
      SELECT SUM(LEAST(COALESCE(c.CHARACTER_OCTET_LENGTH + 2, IF(c.DATA_TYPE IN ('json', 'geometry'), 1000, 8)),
        IF(t.ROW_FORMAT IN ('Compact', 'Redundant'), 788, 41)))
      FROM information_schema.COLUMNS c
      WHERE c.TABLE_SCHEMA = DATABASE() AND c.TABLE_NAME = t.TABLE_NAME AND c.EXTRA NOT LIKE '%VIRTUAL%'))`;

interface Kind {
  /** One column, `name`. */
  readonly tables: string;
  readonly because: string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  sql_require_primary_key: { tables: without(KEY), because: 'have no primary key' },
  [ADDS_A_COLUMN]: {
    tables: `${without("s.INDEX_NAME = 'PRIMARY'")} AND t.ENGINE = 'InnoDB'`,
    because: 'have no primary key and would get a column',
  },
  innodb_strict_mode: { tables: WIDE, because: 'may be too wide for their row format' },
  enforce_storage_engine: {
    tables: `SELECT TABLE_NAME AS name FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND ENGINE <> @@GLOBAL.enforce_storage_engine`,
    because: 'are of another engine',
  },
};

/** Reads only. `isAllowed`: leaves out, unasked, what the account may change. */
export async function readSettingsToChange(
  session: Session,
  flavor: Flavor,
  isAllowed: (rights: readonly string[]) => boolean = () => false,
): Promise<SettingToChange[]> {
  // Without the kinds of the other server, whose variable of that name is anybody's.
  const names = Object.keys(KINDS).filter((name) => flavor.kind === 'mysql' || name === 'enforce_storage_engine');
  const asked = names.filter((name) => !isAllowed(GUARDED[name] ?? []));
  if (asked.length === 0) return [];
  // What a new session begins with.
  const present = await session.query<{ Variable_name: string; Value: string }>(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${asked.map((name) => `'${name}'`).join(', ')})`,
  );
  const found: SettingToChange[] = [];
  for (const { Variable_name: name, Value: value } of present) {
    const kind = KINDS[name];
    if (!kind || letsIn(name, value)) continue;
    const tables = (await session.query<{ name: string }>(kind.tables)).map((row) => row.name).sort();
    if (tables.length === 0) continue;
    const isEstimate = name === 'innodb_strict_mode';
    found.push({ name, value, tables, rights: GUARDED[name] ?? [], because: kind.because, isEstimate });
  }
  return found;
}

/** PURE: whether the grants hold one of the rights. */
export function holdsOne(grants: readonly string[], rights: readonly string[]): boolean {
  return missingPrivileges(grants, '', rights).length < rights.length;
}

/** PURE: what does not work without one of the rights. */
export function describeSetting({ name, value, tables, because }: SettingToChange): string {
  return `under ${name}=${value} a rehearsal, a proof and a restore on this server cannot make ${tables.join(', ')}, which ${because}`;
}
