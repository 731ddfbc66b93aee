import { availableParallelism } from 'node:os';
import { messageOf } from '../../errors.ts';
import type { ByteRange, Manifest, TableEntry } from '../file/manifest.ts';
import { readRange } from '../file/range.ts';
import { readPortion } from '../file/sections.ts';
import { readBody, readHead, type TableHead } from '../file/table-section.ts';
import { deferIndexes, type TableBuild } from './deferral.ts';
import { type LoadContext, LoadingClient, type LoadTarget } from './loading-client.ts';
import { SharedRows } from './shared-rows.ts';

/** A backup with the byte ranges of its tables. */
export interface RangedBackup {
  readonly file: string;
  readonly manifest: Manifest;
}

export interface ParallelOptions {
  /** Tables with less SQL than this keep their indexes: changing a table costs more than sorting it saves. */
  readonly deferFromBytes?: number;
  /** Compressed bytes read since the last call. */
  readonly onBytes?: (bytes: number) => void;
}

interface PlannedTable {
  readonly entry: TableEntry;
  readonly head: TableHead;
  readonly build: TableBuild;
}

/** Measured: with 2 MB a tenth to a fifth of the server's work is saved, with 1 MB none on MySQL. */
const DEFER_FROM_BYTES = 2 * 1024 * 1024;
/**
 * MySQL sorts the entries of new indexes in runs of 1 MB that it shares out among its threads; in larger ones the indexes
 * are there a quarter sooner (measured: 8.0 s, 6.2 s, and no less with 64 MB). MariaDB leaves such comments out.
 */
const SORT_IN_MEMORY = `/*!80027 SET SESSION innodb_ddl_buffer_size = ${16 * 1024 * 1024} */;\n`;
/** More clients wait for one another inside the server. */
const MOST_CLIENTS = 4;

/**
 * Loads a backup table by table over several clients, to the same schema and rows as feeding the whole file to one:
 * every table's definition, then rows with indexes and triggers, the largest table first, then foreign keys, and then
 * what stands between and behind the tables, in the order of the file. Throws an error with the server's message and
 * the table's name; the other clients are ended then, and what was loaded stays.
 */
export async function loadInParallel(
  backup: RangedBackup,
  place: LoadTarget,
  context: LoadContext,
  options: ParallelOptions = {},
): Promise<void> {
  const preamble = await readText(backup.file, backup.manifest.preamble);
  const gaps = findGaps(backup.manifest);
  const tables = await planTables(backup, options.deferFromBytes ?? DEFER_FROM_BYTES);
  const stage = (feeders: readonly Feeder[]) => withClients(feeders, preamble, place, context);
  await stage([
    async (client) => {
      // MariaDB's sequences: a column's default may be the next value of one.
      await feedGaps(client, gaps.before, backup, place, options);
      for (const { entry, head, build } of tables) {
        await client.feed(titleOf(entry), head.before + build.create + head.after);
      }
    },
  ]);
  const queue = tables.toSorted((a, b) => b.entry.rawBytes - a.entry.rawBytes);
  const count = countClients();
  const shared = takeShared(queue, count).map(
    (table) => new SharedRows(titleOf(table.entry), bodyOf(table, backup, place, options)),
  );
  await stage(
    Array.from({ length: shared.length > 0 ? count : Math.min(count, queue.length) }, () => async (client) => {
      for (const rows of shared) await rows.load(client);
      for (let next = queue.shift(); next; next = queue.shift()) {
        await client.feed(titleOf(next.entry), bodyOf(next, backup, place, options));
        // While its indexes are built, the next table would wait behind it for a client that has nothing to do.
        await client.settle();
      }
    }),
  );
  await stage([
    async (client) => {
      for (const { entry, build } of tables) {
        if (build.foreignKeys) await client.feed(`foreign keys of ${titleOf(entry)}`, build.foreignKeys);
      }
      await feedGaps(client, gaps.behind, backup, place, options);
    },
  ]);
}

/** At least two: while one waits for the disk the other reads. */
function countClients(): number {
  return Math.min(MOST_CLIENTS, Math.max(2, availableParallelism()));
}

function titleOf({ name }: TableEntry): string {
  return `table ${name}`;
}

type Feeder = (client: LoadingClient) => Promise<void>;

/** One client for each feeder. The first failure is the one that is thrown; all clients have ended then. */
async function withClients(
  feeders: readonly Feeder[],
  preamble: string,
  place: LoadTarget,
  context: LoadContext,
): Promise<void> {
  const clients: LoadingClient[] = [];
  let isOver = false;
  const work = async (feeder: Feeder) => {
    const client = await LoadingClient.start(place, context);
    clients.push(client);
    // It came up after another had failed.
    if (isOver) return client.abandon();
    await client.feed(undefined, preamble + SORT_IN_MEMORY);
    await feeder(client);
    await client.finish();
  };
  context.signal.throwIfAborted();
  const working = feeders.map(work);
  try {
    await Promise.all(working);
  } catch (error) {
    isOver = true;
    await Promise.all(clients.map((client) => client.abandon()));
    await Promise.allSettled(working);
    context.signal.throwIfAborted();
    throw error;
  }
}

async function planTables({ file, manifest }: RangedBackup, deferFromBytes: number): Promise<PlannedTable[]> {
  const heads = new Map<string, TableHead>();
  for (const { name, range } of manifest.tables) {
    heads.set(name, await readHead(file, range).catch((error: unknown) => fail(`table ${name}`, file, error)));
  }
  const texts = manifest.tables.map(({ name, rawBytes }) => {
    const { create } = heads.get(name) as TableHead;
    return [name, { create, isLarge: rawBytes >= deferFromBytes }] as const;
  });
  const builds = deferIndexes(new Map(texts));
  return manifest.tables.map((entry) => ({
    entry,
    head: heads.get(entry.name) as TableHead,
    build: builds.get(entry.name) as TableBuild,
  }));
}

/**
 * Takes the tables out of the queue that are more than one client's share of all: the others would have to wait for it. Of
 * a table without a primary key the rows keep the order in which they come.
 */
function takeShared(queue: PlannedTable[], clients: number): PlannedTable[] {
  const total = queue.reduce((sum, { entry }) => sum + entry.rawBytes, 0);
  const isShared = ({ entry, build }: PlannedTable) => build.isOrdered && entry.rawBytes * clients > total;
  const shared = queue.filter(isShared);
  for (const table of shared) queue.splice(queue.indexOf(table), 1);
  return shared;
}

function bodyOf(
  { entry, head, build }: PlannedTable,
  { file }: RangedBackup,
  { part }: LoadTarget,
  { onBytes }: ParallelOptions,
): AsyncIterable<Buffer> {
  return readBody(readPortion(file, entry.range, part, onBytes), head, build.indexes);
}

async function feedGaps(
  client: LoadingClient,
  gaps: readonly ByteRange[],
  { file }: RangedBackup,
  { part }: LoadTarget,
  { onBytes }: ParallelOptions,
): Promise<void> {
  for (const gap of gaps) await client.feed('what is no table', readPortion(file, gap, part, onBytes));
}

/** What stands in front of the first table, and what between the tables and behind them. */
function findGaps({ preamble, tables, bytes }: Manifest): { before: ByteRange[]; behind: ByteRange[] } {
  const ends = [preamble, ...tables.map(({ range }) => range)].map(({ offset, length }) => offset + length);
  const starts = [...tables.map(({ range }) => range.offset), bytes];
  const gaps = ends.map((end, index) => ({ offset: end, length: (starts[index] ?? bytes) - end }));
  const isThere = ({ length }: ByteRange) => length > 0;
  return { before: gaps.slice(0, 1).filter(isThere), behind: gaps.slice(1).filter(isThere) };
}

async function readText(file: string, range: ByteRange): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of readRange(file, range)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}

function fail(what: string, file: string, error: unknown): never {
  throw new Error(`${what} cannot be read from ${file}: ${messageOf(error)}`);
}
