import type { Server, Session } from '../../../mysql/connect.ts';
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
  const queue = inOrder(links, search.snapshot);
  let done = 0;
  const work = async (session: Session) => {
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

/** Never throws for what the server says of a link: that is its finding. */
async function readLink(session: Session, link: Link, way: Way, search: Deadline): Promise<Reading> {
  const sql = linkSql(link, way, search.snapshot);
  const size = search.pageSize ?? PAGE;
  const reading = { by: way.by, read: 0, orphans: 0, keys: [] as (readonly unknown[])[] };
  try {
    for (let page: Page = { after: undefined, size }; ; ) {
      search.signal.throwIfAborted();
      const row = await ask(session, search, sql.count(page));
      if (row === undefined) return { ...reading, end: reading.read === 0 ? 'not begun' : 'budget' };
      const { n, last, orphans } = row as { n: unknown; last: unknown; orphans: unknown };
      reading.read += Number(n);
      reading.orphans += Number(orphans);
      if (Number(orphans) > 0 && reading.keys.length < SAMPLES) {
        const found = await session.query(`SELECT ${sql.sample(page, SAMPLES - reading.keys.length)}`);
        reading.keys.push(...found.map((one) => Object.values(one)));
      }
      await search.between?.(session);
      if (way.by === 'whole' || Number(n) < size) return { ...reading, end: 'whole' };
      page = { after: last, size };
    }
  } catch (error) {
    search.signal.throwIfAborted();
    return { ...reading, end: { error: detailOf(error) } };
  }
}

/** Undefined when there is no time for it, or it took too long. */
async function ask(session: Session, { server, untilMs, ticksMs }: Deadline, sql: string) {
  const leftMs = Math.min(STATEMENT_MS, Math.ceil(untilMs - ticksMs()));
  if (leftMs <= 0) return undefined;
  return (await selectWithin(session, server.flavor, leftMs, sql))?.[0];
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
