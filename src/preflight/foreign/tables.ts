import type { Row, Session } from '../../mysql/connect.ts';
import { quoteName } from '../../mysql/quote.ts';
import type { ForeignEntry, ForeignTool } from './history.ts';

/** Where a tool keeps its history, as its documentation says, and how its rows are read. */
interface ForeignTable {
  readonly tool: ForeignTool;
  /** The names that its releases have given the table by themselves. */
  readonly tables: readonly string[];
  /** Columns by which the table is known to be this tool's. */
  readonly columns: readonly string[];
  /** A column by which it is known to be another's. */
  readonly without?: string;
  /** In the order in which they were written. */
  readonly order?: string;
  toEntries(rows: readonly Row[]): ForeignEntry[];
}

const applied = (name: unknown): ForeignEntry => ({ name: String(name), state: 'applied' });
const column = (name: string) => (rows: readonly Row[]) => rows.map((row) => applied(row[name]));

export const FOREIGN_TABLES: readonly ForeignTable[] = [
  {
    ...{ tool: 'dbmate', tables: ['schema_migrations'], columns: ['version'], without: 'dirty' },
    toEntries: column('version'),
  },
  {
    ...{ tool: 'golang-migrate', tables: ['schema_migrations'], columns: ['version', 'dirty'] },
    // One row: everything up to it is applied, and itself too unless it is dirty. -1 is its word for none.
    toEntries: (rows) =>
      rows
        .filter(({ version }) => !String(version).startsWith('-'))
        .map(({ version, dirty }) => ({
          name: String(version),
          state: Number(dirty) === 0 ? 'applied' : 'failed',
          isUpTo: true,
        })),
  },
  {
    tool: 'flyway',
    tables: ['flyway_schema_history', 'schema_version'],
    columns: ['installed_rank', 'version', 'type', 'script', 'success'],
    order: 'installed_rank',
    toEntries: flywayEntries,
  },
  {
    tool: 'liquibase',
    tables: ['DATABASECHANGELOG', 'databasechangelog'],
    columns: ['id', 'author', 'filename', 'orderexecuted'],
    order: 'orderexecuted',
    toEntries: (rows) =>
      rows.map(lower).map(({ id, filename }) => ({ ...applied(id), alias: String(filename).replace(/^.*[\\/]/, '') })),
  },
  {
    ...{ tool: 'laravel', tables: ['migrations'], columns: ['migration', 'batch'] },
    toEntries: column('migration'),
  },
  {
    ...{ tool: 'knex', tables: ['knex_migrations'], columns: ['name', 'batch', 'migration_time'] },
    toEntries: column('name'),
  },
  {
    tool: 'prisma',
    tables: ['_prisma_migrations'],
    columns: ['migration_name', 'finished_at', 'rolled_back_at', 'started_at'],
    order: 'started_at',
    toEntries: (rows) =>
      lastOfEach(
        rows
          .filter((row) => row.rolled_back_at === null)
          .map((row) => ({
            name: String(row.migration_name),
            state: row.finished_at === null ? 'failed' : 'applied',
          })),
      ),
  },
  {
    ...{ tool: 'goose', tables: ['goose_db_version'], columns: ['id', 'version_id', 'is_applied'], order: 'id' },
    // A row for every step in either direction; 0 is the row that it begins with.
    toEntries: (rows) => {
      const last = new Map(rows.map((row) => [String(row.version_id), Number(row.is_applied) !== 0]));
      return [...last]
        .filter(([version, isApplied]) => isApplied && version !== '0')
        .map(([version]) => applied(version));
    },
  },
  {
    ...{ tool: 'sequelize', tables: ['SequelizeMeta', 'sequelizemeta'], columns: ['name'] },
    toEntries: column('name'),
  },
];

/** The rows of a table of another tool: only read, in one statement. */
export async function readEntries(session: Session, foreign: ForeignTable, table: string): Promise<ForeignEntry[]> {
  const order = foreign.order === undefined ? '' : ` ORDER BY ${quoteName(foreign.order)}`;
  return foreign.toEntries(await session.query(`SELECT * FROM ${quoteName(table)}${order}`));
}

/** The last row of a version counts: a repair or an undo is a row of its own. Repeatable scripts have no version. */
function flywayEntries(rows: readonly Row[]): ForeignEntry[] {
  const last = new Map<string, ForeignEntry | undefined>();
  for (const { version, type, script, success } of rows) {
    const isUndone = /^(?:UNDO|DELETE)/.test(String(type));
    const name = version === null ? String(script).replace(/\.sql$/i, '') : String(version);
    if (type === 'SCHEMA' || (isUndone && Number(success) === 0)) continue;
    const state = Number(success) === 0 ? 'failed' : 'applied';
    last.set(name, isUndone ? undefined : { name, state, ...(type === 'BASELINE' ? { isUpTo: true } : {}) });
  }
  return [...last.values()].filter((entry) => entry !== undefined);
}

function lastOfEach(entries: readonly ForeignEntry[]): ForeignEntry[] {
  return [...new Map(entries.map((entry) => [entry.name, entry])).values()];
}

/** Liquibase's columns are written in capitals, but names of columns have no case. */
function lower(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name.toLowerCase(), value]));
}
