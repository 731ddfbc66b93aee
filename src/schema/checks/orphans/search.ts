import type { Row, Server, Session } from '../../../mysql/connect.ts';
import type { Snapshot } from '../../types.ts';
import { type Check, detailOf } from '../check.ts';
import { selectWithin } from '../time-limit.ts';
import { type Link, type Way, wayOf } from './link.ts';
import { linkSql, type Page } from './sql.ts';
import { type Reading, wordOrphans } from './worded.ts';

/** Keys, or rows, of one statement: it ends within a fraction of a second, and its snapshot and metadata lock with it. */
const PAGE = 50_000;
/** A statement that has nothing to go by, or meets a server at its limit, is given up after this. */
const STATEMENT_MS = 60_000;
/** With fewer rows a key than this, entry after entry is faster than a jump from key to key. */
const FEW_ROWS_A_KEY = 10;
/** By the server's estimate, which may be a day old: hence the time. */
const AT_ONCE_ROWS = 10_000;
const AT_ONCE_MS = 1_000;
/** References of one statement, and of one moment's metadata locks. */
const AT_ONCE = 40;
/** So many orphans are named. */
export const SAMPLES = 20;

export interface Search {
  readonly server: Server;
  readonly snapshot: Snapshot;
  /** Connections that search at once. */
  readonly jobs: number;
  /** How long all of it may take. Default: to its end. */
  readonly budgetMs?: number | undefined;
  readonly pageSize?: number | undefined;
  readonly signal: AbortSignal;
  ticksMs(): number;
  progress?(done: number): void;
  /** Called between two statements. */
  between?(session: Session): Promise<void>;
}

interface Deadline extends Search {
  readonly untilMs: number;
}

/**
 * One check a link, in their order: has every key in the child a parent? Reads only, in statements that each end soon. The
 * cheap and the unguarded come first, so that a budget tells the most. Throws what the signal aborts with, and when a
 * connection is lost.
 */
export async function searchOrphans(links: readonly Link[], search: Search): Promise<Check[]> {
  const deadline = { ...search, untilMs: search.ticksMs() + (search.budgetMs ?? Number.POSITIVE_INFINITY) };
  const checks: Check[] = [];
  const all = inOrder(links, search.snapshot);
  const small = all.filter((queued) => isSmall(queued, search));
  const queue = all.filter((queued) => !isSmall(queued, search));
  let done = 0;
  const work = async (session: Session) => {
    for (let batch = small.splice(0, AT_ONCE); batch.length > 0; batch = small.splice(0, AT_ONCE)) {
      const sound = await soundAtOnce(session, batch, deadline);
      for (const { link, way, place } of batch.filter((one) => sound.has(one.place))) {
        checks[place] = wordOrphans(link, { by: way.by, read: 0, orphans: 0, keys: [], end: 'whole' }, search.budgetMs);
      }
      done += sound.size;
      search.progress?.(done);
      queue.unshift(...batch.filter(({ place }) => !sound.has(place)));
    }
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { link, way, place } = next;
      checks[place] = wordOrphans(link, await readLink(session, link, way, deadline), search.budgetMs);
      search.progress?.(++done);
    }
  };
  await withSessions(search, Math.min(search.jobs, links.length), work);
  return checks;
}

interface Queued {
  readonly link: Link;
  readonly way: Way;
  readonly place: number;
}

function inOrder(links: readonly Link[], snapshot: Snapshot): Queued[] {
  const rank = ({ link, way }: Queued) => {
    const rows = snapshot.objects.get(`table:${link.table}`)?.table?.estimatedRows ?? 0;
    const isCheap = way.by === 'keys' || rows <= PAGE;
    return [isCheap ? 0 : 1, link.isForeignKey ? 1 : 0, rows] as const;
  };
  return links
    .map((link, place) => ({ link, way: wayOf(link, snapshot), place }))
    .map((queued) => ({ queued, rank: rank(queued) }))
    .sort(({ rank: [a, b, c] }, { rank: [x, y, z] }) => a - x || b - y || c - z)
    .map(({ queued }) => queued);
}

interface Gathered {
  by: Way['by'];
  read: number;
  orphans: number;
  readonly keys: (readonly unknown[])[];
}

/** Never throws for what the server says of a link: that is its finding. */
async function readLink(session: Session, link: Link, way: Way, search: Deadline): Promise<Reading> {
  const gathered: Gathered = { by: way.by, read: 0, orphans: 0, keys: [] };
  try {
    const asked = { session, link, way, search, gathered };
    const end = (await readPages(asked)) ?? (await readEntries(asked));
    return { ...gathered, end: end === 'budget' && gathered.read === 0 ? 'not begun' : end };
  } catch (error) {
    search.signal.throwIfAborted();
    return { ...gathered, end: { error: detailOf(error) } };
  }
}

interface Asked {
  readonly session: Session;
  readonly link: Link;
  readonly way: Way;
  readonly search: Deadline;
  readonly gathered: Gathered;
}

/** Small tables, many in one statement: the places of those where all is well. What it cannot tell is read one by one. */
async function soundAtOnce(session: Session, batch: readonly Queued[], search: Deadline): Promise<Set<number>> {
  const counts = batch.map(({ link, way }) => linkSql(link, way, search.snapshot).countEntries(undefined, undefined));
  const sql = counts.map((count, index) => `(SELECT ${count}) AS o${index}`).join(', ');
  try {
    const row = await ask(session, search, sql, AT_ONCE_MS);
    await search.between?.(session);
    const isSound = (index: number) => row !== undefined && Number(row[`o${index}`] ?? 1) === 0;
    return new Set(batch.flatMap(({ place }, index) => (isSound(index) ? [place] : [])));
  } catch (error) {
    search.signal.throwIfAborted();
    detailOf(error);
    return new Set();
  }
}

function isSmall({ link }: Queued, { pageSize, snapshot }: Search): boolean {
  const rows = snapshot.objects.get(`table:${link.table}`)?.table?.estimatedRows ?? 0;
  return pageSize === undefined && rows <= AT_ONCE_ROWS;
}

/** Undefined where its first page shows that entry after entry is the better way. */
async function readPages({ session, link, way, search, gathered }: Asked): Promise<'whole' | 'budget' | undefined> {
  const sql = linkSql(link, way, search.snapshot);
  const size = search.pageSize ?? PAGE;
  for (let page: Page = { after: undefined, size }; ; ) {
    const row = await ask(session, search, sql.count(page));
    if (row === undefined) return 'budget';
    const { n, last } = row;
    if (way.by === 'keys' && page.after === undefined && Number(n) >= size) {
      const entries = await ask(session, search, sql.entries(last, size * FEW_ROWS_A_KEY));
      if (entries && Number(entries.n) < size * FEW_ROWS_A_KEY) return undefined;
    }
    await gather(session, gathered, { read: Number(n), orphans: Number(row.orphans) }, (most) =>
      sql.sample(page, most),
    );
    await search.between?.(session);
    if (way.by === 'whole' || Number(n) < size) return 'whole';
    page = { after: last, size };
  }
}

async function readEntries({ session, link, way, search, gathered }: Asked): Promise<'whole' | 'budget'> {
  const sql = linkSql(link, { by: 'entries', type: way.by === 'keys' ? way.type : '' }, search.snapshot);
  const size = search.pageSize ?? PAGE;
  gathered.by = 'entries';
  for (let after: unknown; ; ) {
    const end = await ask(session, search, sql.end({ after, size }));
    const row = end && (await ask(session, search, sql.countEntries(after, end.last)));
    if (row === undefined) return 'budget';
    const [from, last] = [after, end?.last];
    const found = { read: size, orphans: Number(row.orphans) };
    await gather(session, gathered, found, (most) => sql.sampleEntries(from, last, most));
    await search.between?.(session);
    if (last === undefined) return 'whole';
    after = last;
  }
}

async function gather(
  session: Session,
  gathered: Gathered,
  found: { readonly read: number; readonly orphans: number },
  sample: (most: number) => string,
): Promise<void> {
  gathered.read += found.read;
  gathered.orphans += found.orphans;
  if (found.orphans === 0 || gathered.keys.length >= SAMPLES) return;
  const rows = await session.query(`SELECT ${sample(SAMPLES - gathered.keys.length)}`);
  gathered.keys.push(...rows.map((row) => Object.values(row)));
}

/** The first row, `{}` when there is none; undefined when there is no time for it, or it took too long. */
async function ask(session: Session, search: Deadline, sql: string, withinMs = STATEMENT_MS): Promise<Row | undefined> {
  const { server, signal, untilMs, ticksMs } = search;
  signal.throwIfAborted();
  const leftMs = Math.min(withinMs, Math.ceil(untilMs - ticksMs()));
  if (leftMs <= 0) return undefined;
  const rows = await selectWithin(session, server.flavor, leftMs, sql);
  return rows && (rows[0] ?? {});
}

/** On Ctrl-C what runs on the server is ended there: it would go on without us. */
async function withSessions(
  { server, signal }: Search,
  count: number,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  const sessions: Session[] = [];
  const stop = () => void endStatements(server, sessions);
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (let index = 0; index < count; index++) sessions.push(await openReading(server));
    const results = await Promise.allSettled(sessions.map(work));
    signal.throwIfAborted();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  } finally {
    signal.removeEventListener('abort', stop);
    await Promise.all(sessions.map((session) => session.close()));
  }
}

async function openReading(server: Server): Promise<Session> {
  const session = await server.open();
  await session.query('SET SESSION TRANSACTION READ ONLY');
  return session;
}

async function endStatements(server: Server, sessions: readonly Session[]): Promise<void> {
  try {
    const killer = await server.open();
    for (const { connectionId } of sessions) await killer.query(`KILL QUERY ${connectionId}`).catch(() => undefined);
    await killer.close();
  } catch {
    for (const session of sessions) session.destroy();
  }
}
