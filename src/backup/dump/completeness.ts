import type { Context } from '../../context.ts';
import type { Session } from '../../mysql/connect.ts';
import { quoteQualified } from '../../mysql/quote.ts';
import type { Source } from './source.ts';
import type { Dumped, DumpedSection } from './stream.ts';
import { withPast } from './system-versioning.ts';

/** Counting the rows of a larger table is work for the server: an index of it, from end to end. */
const COUNTED_BYTES = 16 * 1024 * 1024;
/** Fewer missing rows than this may be traffic, whatever share of the table they are. */
const TRAFFIC_ROWS = 1000;

/** Throws an error that names every object that the server holds and the dump lacks. */
export function requireNames(dumped: Dumped, source: Source): void {
  const missing = [...missingNames(dumped, source), ...missingCounts(dumped, source)];
  if (missing.length > 0) throw new Error(`the dump lacks ${missing.join(', ')}`);
}

/**
 * Compares the rows of each table with the server's, one table after the other, while the dump goes on with the next: the
 * server has just read the table, and nothing waits for the counting. Of a large table the server's own estimate is
 * enough, as long as the two agree within a factor of two.
 *
 * They cannot be compared exactly: the dump's snapshot is its own, and the table is written to meanwhile. A difference
 * is reported as a note; a dump with less than half of a table's rows is a failure.
 */
export class RowCheck {
  readonly #session: Session;
  readonly #context: Context;
  readonly #source: Pick<Source, 'tables'>;
  readonly #versioned: readonly string[];
  #last: Promise<void> = Promise.resolve();

  /** Until it is done, the session is its own. `versioned`: tables whose past rows are in the dump. */
  constructor(session: Session, context: Context, source: Pick<Source, 'tables'>, versioned: readonly string[] = []) {
    this.#session = session;
    this.#context = context;
    this.#source = source;
    this.#versioned = versioned;
  }

  /** The dump has all of this section. */
  add(table: DumpedSection): void {
    if (table.section.kind !== 'table' || this.#agreesWithEstimate(table)) return;
    this.#last = this.#last.then(() => checkRows(table, this.#versioned, this.#session, this.#context));
    // Thrown by `done`, if the dump itself does not fail first.
    this.#last.catch(() => undefined);
  }

  /** Throws an error about the first table of which the dump lacks rows. */
  async done(): Promise<void> {
    await this.#last;
  }

  #agreesWithEstimate({ section, rows }: DumpedSection): boolean {
    const table = this.#source.tables.find(({ name }) => name === section.name);
    if (!table || table.dataBytes <= COUNTED_BYTES) return false;
    return rows <= 2 * table.rows && table.rows <= 2 * rows;
  }
}

function missingNames(dumped: Dumped, source: Source): string[] {
  const has = (kind: string, name: string) =>
    dumped.sections.some(({ section }) => section.kind === kind && section.name === name);
  return [
    ...source.tables.filter(({ name }) => !has('table', name)).map(({ name }) => `table ${name}`),
    ...source.objects.view.filter((name) => !has('view', name)).map((name) => `view ${name}`),
    ...source.objects.sequence.filter((name) => !has('sequence', name)).map((name) => `sequence ${name}`),
  ];
}

function missingCounts(dumped: Dumped, source: Source): string[] {
  return (Object.keys(dumped.created) as (keyof typeof dumped.created)[]).flatMap((kind) => {
    const expected = source.objects[kind]?.length ?? 0;
    return dumped.created[kind] < expected ? [`${expected - dumped.created[kind]} of ${expected} ${plural(kind)}`] : [];
  });
}

async function checkRows(
  { section, rows }: DumpedSection,
  versioned: readonly string[],
  session: Session,
  context: Context,
): Promise<void> {
  context.signal.throwIfAborted();
  const table = quoteQualified(context.server.target.database, section.name);
  const name = withPast(table, section.name, versioned);
  const [row] = await session.query<{ rows: number | string }>(`SELECT COUNT(*) AS \`rows\` FROM ${name}`);
  const present = Number(row?.rows ?? 0);
  if (present === rows) return;
  if (present - rows > TRAFFIC_ROWS && rows < present / 2) {
    throw new Error(`the dump has ${rows} rows of ${section.name}, the server ${present}`);
  }
  const text = `${section.name}: ${rows} rows in the backup, ${present} now; it is being written to`;
  context.report({ type: 'note', level: 'info', text });
}

function plural(kind: string): string {
  return kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`;
}
