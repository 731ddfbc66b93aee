import type { Server, Session } from '../../../mysql/connect.ts';
import { quoteName, quoteQualified } from '../../../mysql/quote.ts';
import type { Loss } from '../../file/manifest.ts';
import type { FloatTable } from './float-tables.ts';
import { type ExactRow, FloatUpdates } from './float-updates.ts';

/** Rows that are read, and held in memory, at a time. */
const PAGE_ROWS = 5000;
const CONSISTENT = 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY';

/**
 * A dump tells a FLOAT with six digits. What that changes is read beside the dump, and goes into it behind the table's rows, as
 * UPDATE statements that any client carries out.
 *
 * The dump's snapshot is the dump program's own. So there are two of ours, one from before it and one from after: a value that is the
 * same in both was there between them. What changed meanwhile keeps its six digits, and is counted.
 */
export class ExactFloats {
  readonly #server: Server;
  readonly #tables: ReadonlyMap<string, FloatTable>;
  readonly #before: Session;
  #after: Session | undefined;
  readonly #untold = new Map<string, Loss>();

  private constructor(server: Server, tables: readonly FloatTable[], before: Session) {
    this.#server = server;
    this.#tables = new Map(tables.map((table) => [table.name, table]));
    this.#before = before;
  }

  /** In front of the dump. Undefined: no table needs it, and nothing was opened. */
  static async begin(server: Server, tables: readonly FloatTable[]): Promise<ExactFloats | undefined> {
    if (tables.length === 0) return undefined;
    return new ExactFloats(server, tables, await openSnapshot(server));
  }

  /** Values of tables that were asked for, and that came between the two snapshots. */
  get untold(): readonly Loss[] {
    return [...this.#untold.values()];
  }

  /** The dump has its snapshot. */
  async dumpHasBegun(): Promise<void> {
    this.#after = await openSnapshot(this.#server);
  }

  /** SQL for behind the rows of a table. Nothing where its rows lose nothing. */
  async *behindRows(name: string): AsyncGenerator<string> {
    const table = this.#tables.get(name);
    if (!table) return;
    const updates = new FloatUpdates(table);
    let isFirst = true;
    for await (const rows of this.#sureRows(table)) {
      if (rows.length === 0) continue;
      if (isFirst) yield `-- All digits of the FLOAT values of table ${quoteName(name)}\n--\n\n`;
      isFirst = false;
      yield updates.add(rows);
    }
    if (!isFirst) yield `${updates.rest()}\n--\n`;
  }

  async close(): Promise<void> {
    await this.#before.close();
    await this.#after?.close();
  }

  async *#sureRows(table: FloatTable): AsyncGenerator<ExactRow[]> {
    const sessions = this.#after ? [this.#before, this.#after] : [this.#before];
    // No lock of the table's definition is held until the end of the dump.
    for (const session of sessions) await session.query('SAVEPOINT sp');
    let last: ExactRow | undefined;
    for (;;) {
      const page = await this.#read(this.#before, table, { after: last, most: PAGE_ROWS });
      const end = page.length < PAGE_ROWS ? undefined : page.at(-1);
      yield this.#after
        ? this.#agreed(table, page, await this.#read(this.#after, table, { after: last, upTo: end }))
        : page;
      if (!end) break;
      last = end;
    }
    for (const session of sessions) await session.query('ROLLBACK TO SAVEPOINT sp');
  }

  #agreed(table: FloatTable, before: readonly ExactRow[], after: readonly ExactRow[]): ExactRow[] {
    const unseen = new Map(after.map((row) => [row.key.join(), row]));
    const sure = before.filter((row) => {
      const other = unseen.get(row.key.join());
      if (other && isSame(row, other)) return unseen.delete(row.key.join());
      if (!other) this.#count(table, row);
      return false;
    });
    for (const row of unseen.values()) this.#count(table, row);
    return sure;
  }

  #count(table: FloatTable, { values }: ExactRow): void {
    table.floats.forEach((column, index) => {
      if (!values[index]) return;
      const name = `${table.name}.${column}`;
      const rows = (this.#untold.get(name)?.rows ?? 0) + 1;
      this.#untold.set(name, { table: table.name, column, type: 'float', rows });
    });
  }

  async #read(session: Session, table: FloatTable, range: PageRange): Promise<ExactRow[]> {
    const rows = await session.query<{ [column: string]: string | number | null }>(
      selectOf(this.#server.target.database, table, range),
    );
    return rows.map((row) => ({
      key: table.key.map((_, index) => String(row[`k${index}`])),
      values: table.floats.map((_, index) =>
        Number(row[`l${index}`]) === 1
          ? { told: Math.fround(Number(row[`t${index}`])), exact: Math.fround(Number(row[`v${index}`])) }
          : undefined,
      ),
    }));
  }
}

interface PageRange {
  readonly after: ExactRow | undefined;
  readonly upTo?: ExactRow | undefined;
  readonly most?: number;
}

async function openSnapshot(server: Server): Promise<Session> {
  const session = await server.open();
  await session.query(CONSISTENT);
  return session;
}

function isSame(one: ExactRow, other: ExactRow): boolean {
  return one.values.every((value, index) => value?.exact === other.values[index]?.exact);
}

/** PURE: SQL that is true of a FLOAT which is another one when it was a text. */
export function isToldOtherwise(column: string): string {
  const name = quoteName(column);
  return `${name} <> CAST(CAST(${name} AS CHAR) AS FLOAT)`;
}

function selectOf(database: string, { name, key, floats }: FloatTable, { after, upTo, most }: PageRange): string {
  const columns = [
    ...key.map(({ literal }, index) => `${literal} AS k${index}`),
    ...floats.flatMap((column, index) => [
      `CAST(${quoteName(column)} AS CHAR) AS t${index}`,
      `CAST(${quoteName(column)} + 0e0 AS CHAR) AS v${index}`,
      `(${isToldOtherwise(column)}) AS l${index}`,
    ]),
  ];
  const names = key.map((column) => quoteName(column.name));
  const conditions = [
    `(${floats.map(isToldOtherwise).join(' OR ')})`,
    ...(after ? [behind(names, after.key)] : []),
    ...(upTo ? [`NOT ${behind(names, upTo.key)}`] : []),
  ];
  return `SELECT ${columns.join(', ')} FROM ${quoteQualified(database, name)}
    WHERE ${conditions.join(' AND ')} ORDER BY ${names.join(', ')}${most ? ` LIMIT ${most}` : ''}`;
}

/** Behind a row in the order of the key. Written so that both servers begin at its first column. */
function behind(names: readonly string[], key: readonly string[]): string {
  const [name, ...otherNames] = names;
  const [value, ...others] = key;
  if (otherNames.length === 0) return `(${name} > ${value})`;
  return `(${name} >= ${value} AND (${name} > ${value} OR ${behind(otherNames, others)}))`;
}
