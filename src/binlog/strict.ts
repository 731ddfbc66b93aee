import type { Session } from '../mysql/connect.ts';
import type { Flavor } from '../mysql/flavor.ts';

const PASSING_OVER = ['slave_exec_mode', 'slave_skip_errors', 'replica_skip_errors', 'rbr_exec_mode'];

/**
 * Makes sure, in front of the first BINLOG, that a row which cannot be put in or found is an error. What a replica passes over
 * a BINLOG passes over as well, in silence: on both servers the errors of `slave_skip_errors`, on MariaDB with
 * `slave_exec_mode = IDEMPOTENT` a row in the way is even overwritten. MySQL has `rbr_exec_mode` for that, of the session
 * alone. Throws an error that names the setting.
 */
export async function requireStrict(session: Session, { kind }: Flavor): Promise<void> {
  const rows = await session.query<{ Variable_name: string; Value: string }>(
    'SHOW SESSION VARIABLES WHERE Variable_name IN (?)',
    [PASSING_OVER],
  );
  const values = new Map(rows.map((row) => [row.Variable_name, row.Value]));
  if ((values.get('rbr_exec_mode') ?? 'STRICT') !== 'STRICT')
    await session.query("SET SESSION rbr_exec_mode = 'STRICT'");
  if (kind === 'mariadb' && values.get('slave_exec_mode') === 'IDEMPOTENT') {
    throw new Error(
      "rows of the log go in without their errors as long as slave_exec_mode is IDEMPOTENT: SET GLOBAL slave_exec_mode = 'STRICT'",
    );
  }
  for (const name of ['slave_skip_errors', 'replica_skip_errors']) {
    const value = values.get(name) ?? 'OFF';
    if (value === 'OFF' || value === '') continue;
    throw new Error(`rows of the log go in without their errors as long as the server runs with ${name} = ${value}`);
  }
}
