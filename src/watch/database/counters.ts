import { messageOf } from '../../errors.ts';
import type { Row, Session } from '../../mysql/connect.ts';
import type { Flavor } from '../../mysql/flavor.ts';
import type { Counts, Kind } from '../evidence.ts';

/** What the server has counted since it was started. */
export interface Counters {
  /** Of everybody, ours too. */
  readonly questions: number;
  readonly uptimeS: number;
  readonly threadsRunning: number;
  readonly lockWaits: number;
  readonly counts: Counts;
  /** MariaDB: the last foreign key error of the database, as the server tells it. */
  readonly lastForeignKey?: { readonly time: string; readonly table: string; readonly ageS: number } | undefined;
}

const STATUS =
  "SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Uptime', 'Threads_running', 'Innodb_row_lock_current_waits', 'Aborted_clients', 'Innodb_deadlocks')";

const NUMBERS: Record<'foreignKey' | 'schema' | 'deadlock' | 'lockTimeout', readonly number[]> = {
  foreignKey: [1451, 1452],
  // Unknown column or table, no default, NULL, out of range, truncated, wrong value, too long, duplicate, no routine, a CHECK.
  schema: [1054, 1146, 1364, 1048, 1264, 1265, 1366, 1406, 1062, 1305, 3819],
  deadlock: [1213],
  lockTimeout: [1205],
};

/** An older error is not one of a site that has them all the time. */
const RECENT_S = 600;

/** Asks a server of either kind; what it does not tell this account is told once, with what would help. */
export class CounterSource {
  readonly #flavor: Flavor;
  readonly #database: string;
  readonly #tell: (text: string) => void;
  readonly #refused = new Set<string>();

  constructor(flavor: Flavor, database: string, tell: (text: string) => void) {
    this.#flavor = flavor;
    this.#database = database;
    this.#tell = tell;
  }

  async read(session: Session): Promise<Counters> {
    const status = await statusOf(session);
    const aborted = status.get('Aborted_clients') ?? 0;
    const own =
      this.#flavor.kind === 'mysql' ? await this.#readMysql(session) : await this.#readMariaDb(session, status);
    return {
      questions: status.get('Questions') ?? 0,
      uptimeS: status.get('Uptime') ?? 0,
      threadsRunning: status.get('Threads_running') ?? 0,
      lockWaits: status.get('Innodb_row_lock_current_waits') ?? 0,
      ...own,
      counts: { ...own.counts, aborted },
    };
  }

  async #readMysql(session: Session): Promise<Pick<Counters, 'counts'>> {
    const numbers = Object.values(NUMBERS).flat();
    const rows = await this.#ask<{ number: number; raised: number | string }>(
      session,
      `SELECT ERROR_NUMBER AS number, SUM_ERROR_RAISED AS raised FROM performance_schema.events_errors_summary_global_by_error WHERE ERROR_NUMBER IN (${numbers.join(', ')})`,
      'errors are not counted',
      'GRANT SELECT ON performance_schema.* TO this account',
    );
    if (!rows) return { counts: {} };
    const raised = (kind: keyof typeof NUMBERS) =>
      rows.filter(({ number }) => NUMBERS[kind].includes(number)).reduce((sum, row) => sum + Number(row.raised), 0);
    const counts: Partial<Record<Kind, number>> = {};
    for (const kind of Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]) counts[kind] = raised(kind);
    return { counts };
  }

  async #readMariaDb(
    session: Session,
    status: ReadonlyMap<string, number>,
  ): Promise<Pick<Counters, 'counts' | 'lastForeignKey'>> {
    const remedy = 'GRANT PROCESS ON *.* TO this account';
    const metrics = await this.#ask<{ count: number | string }>(
      session,
      "SELECT count AS count FROM information_schema.INNODB_METRICS WHERE name = 'lock_timeouts'",
      'lock wait timeouts are not counted',
      remedy,
    );
    const lastForeignKey = await this.#readForeignKeyError(session, remedy);
    const lockTimeout = metrics?.[0] === undefined ? {} : { lockTimeout: Number(metrics[0].count) };
    return { counts: { deadlock: status.get('Innodb_deadlocks') ?? 0, ...lockTimeout }, lastForeignKey };
  }

  /** MariaDB keeps the text of the last one alone: another time of it is at least one more error. */
  async #readForeignKeyError(session: Session, remedy: string): Promise<Counters['lastForeignKey']> {
    const rows = await this.#ask<{ Status: string }>(
      session,
      'SHOW ENGINE INNODB STATUS',
      'foreign key errors are not seen',
      remedy,
    );
    const found = parseForeignKeyError(rows?.[0]?.Status ?? '');
    if (!found || found.database !== this.#database) return undefined;
    const [row] = await session.query<{ age: number | string }>(
      "SELECT TIMESTAMPDIFF(SECOND, ?, CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM')) AS age",
      [found.time],
    );
    return { time: found.time, table: found.table, ageS: Number(row?.age ?? 0) };
  }

  async #ask<T extends Row>(session: Session, sql: string, what: string, remedy: string): Promise<T[] | undefined> {
    if (this.#refused.has(sql)) return undefined;
    try {
      return await session.query<T>(sql);
    } catch (error) {
      if ((error as { fatal?: boolean }).fatal || !(error as { errno?: number }).errno) throw error;
      this.#refused.add(sql);
      this.#tell(`${what}: ${messageOf(error)}. It would help: ${remedy}`);
      return undefined;
    }
  }
}

async function statusOf(session: Session): Promise<Map<string, number>> {
  const rows = await session.query<{ Variable_name: string; Value: string }>(STATUS);
  return new Map(rows.map(({ Variable_name, Value }) => [Variable_name, Number(Value)]));
}

/** PURE: the section LATEST FOREIGN KEY ERROR of SHOW ENGINE INNODB STATUS. */
export function parseForeignKeyError(
  status: string,
): { readonly time: string; readonly database: string; readonly table: string } | undefined {
  const section = /LATEST FOREIGN KEY ERROR\n-+\n([\s\S]*?)\n-{6,}\n[A-Z]/.exec(status)?.[1] ?? '';
  const time = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}/.exec(section)?.[0];
  const [, database, table] = /table `((?:[^`]|``)+)`\.`((?:[^`]|``)+)`/.exec(section) ?? [];
  if (!time || !database || !table) return undefined;
  return { time, database: database.replaceAll('``', '`'), table: table.replaceAll('``', '`') };
}

/** What a watch compares with; how often MariaDB had foreign key errors before it does not say. */
export function countsBefore({ counts, lastForeignKey }: Counters, flavor: Flavor): Counts {
  if (flavor.kind === 'mysql') return counts;
  if (!lastForeignKey) return { ...counts, foreignKey: 0 };
  return { ...counts, foreignKey: lastForeignKey.ageS < RECENT_S ? null : 1 };
}
