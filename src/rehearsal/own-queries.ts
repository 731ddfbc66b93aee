import { messageOf } from '../errors.ts';
import type { Migration } from '../migrations/types.ts';
import type { Session } from '../mysql/connect.ts';
import { detailOf } from '../schema/checks/check.ts';
import type { Snapshot } from '../schema/types.ts';
import type { Finding } from './finding.ts';

const SHOWN = 200;
const NO_ROWS_HERE = 'the tables of the clone have no rows: with those of production it may return none';
const TRY_ROWS = 'gateway-migrate test --from-backup asks it of real rows';

/**
 * The check queries of a migration, on the schema that they will meet. What they find is asked of production's rows, in
 * preflight; but what needs an earlier migration cannot be asked there, and a slip of the pen looks like that.
 */
export async function tryCheckQueries(session: Session, { version, check }: Migration): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const statement of check) {
    try {
      await session.query(statement.text);
    } catch (error) {
      findings.push({
        name: 'check-cannot-run',
        level: 'error',
        group: 'forward',
        version,
        object: `check, line ${statement.line}`,
        what: `the query is refused: ${detailOf(error)}`,
        why: 'deploy asks it again before this migration, with the site down, and would undo those before it because of it',
        fix: `mend line ${statement.line}`,
      });
    }
  }
  return findings;
}

/**
 * PURE: what a query of the catalogue alone returns on the clone it returns in production too, whatever the rows.
 */
export function isDecided(query: string, { objects }: Snapshot): boolean {
  // A table that the catalogue is asked about stands in a literal; it is not read from.
  const bare = query.toLowerCase().replace(/'(?:[^'\\]|\\.|'')*'/gs, "''");
  const words = new Set(bare.match(/[\p{L}\p{N}_$]+/gu));
  return words.has('information_schema') && ![...objects.values()].some(({ name }) => words.has(name.toLowerCase()));
}

/** Deploy runs them after the migrations: what cannot be run there, or returns a row, undoes them all. */
export async function tryVerifyQueries(
  session: Session,
  migrations: readonly Migration[],
  decides: (query: string) => boolean,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  await session.query('SET SESSION TRANSACTION READ ONLY');
  for (const { version, verify } of migrations) {
    for (const statement of verify) {
      const about = { group: 'forward', version, object: `verify, line ${statement.line}` };
      const why = 'deploy runs it after the migrations, and would undo them all because of it';
      const fix = `mend line ${statement.line}`;
      try {
        const rows = await session.query(statement.text);
        if (!Array.isArray(rows) || rows.length === 0) continue;
        const what = `the query returns ${JSON.stringify(rows[0]).slice(0, SHOWN)}, and must return no row`;
        findings.push(
          decides(statement.text)
            ? { ...about, name: 'verify-finds-something', level: 'error', what, why, fix: `${fix}, or what it found` }
            : { ...about, name: 'verify-finds-something', level: 'advice', what, why: NO_ROWS_HERE, fix: TRY_ROWS },
        );
      } catch (error) {
        const what = `the query is refused: ${messageOf(error)}`;
        findings.push({ ...about, name: 'verify-cannot-run', level: 'error', what, why, fix });
      }
    }
  }
  await session.query('SET SESSION TRANSACTION READ WRITE');
  return findings;
}
