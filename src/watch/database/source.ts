import { connectWithSession, type Server, type Session, type Target } from '../../mysql/connect.ts';
import type { DatabaseLook, QuerySeen } from '../evidence.ts';
import { CounterSource, type Counters } from './counters.ts';
import { difference } from './difference.ts';
import { comparedQueries, type Digests, readDigests } from './queries.ts';

/** A server that does not answer must not hold the other sources up. */
const WITHIN_MS = 5_000;
/** What a connection costs of statements before ours: its settings and the version. */
const TO_CONNECT = 2;

interface Connected {
  readonly server: Server;
  readonly session: Session;
  readonly counters: CounterSource;
}

/** The database of a watch: connected anew whenever it is lost, asked without waiting for ever. */
export class DatabaseSource {
  readonly #target: Target;
  readonly #tell: (text: string) => void;
  readonly #withinMs: number;
  readonly #told = new Set<string>();
  #connected: Connected | undefined;
  #counters: Counters | undefined;
  #queries: { readonly first: Digests; readonly last: Digests } | undefined;
  #hasDigests = true;
  /** Statements of ours since the look before. */
  #own = 0;

  constructor(target: Target, tell: (text: string) => void, withinMs = WITHIN_MS) {
    this.#target = target;
    this.#withinMs = withinMs;
    this.#tell = tell;
  }

  /** The look is undefined when the database cannot be asked, and at the first one, which has nothing to compare with. */
  async look(): Promise<{ readonly look: DatabaseLook | undefined; readonly error: unknown }> {
    try {
      const look = await this.#within(({ session, counters }) => this.#count(session, counters));
      return { look, error: undefined };
    } catch (error) {
      return { look: undefined, error };
    }
  }

  /** Undefined where the server has no digests. */
  async lookAtQueries(before: Digests, tables: readonly string[]): Promise<QuerySeen[] | undefined> {
    const { database } = this.#target;
    if (!this.#hasDigests) return undefined;
    return this.#within(async ({ server, session }) => {
      if (server.flavor.kind !== 'mysql') {
        this.#hasDigests = false;
        this.#once('queries are not judged one by one: MariaDB keeps no digests that can be switched on while it runs');
        return undefined;
      }
      const now = await this.#orRefused(() => readDigests(session, database, tables));
      this.#own += 2;
      if (!now) return undefined;
      const { first, last } = this.#queries ?? { first: now, last: now };
      this.#queries = { first, last: now };
      return comparedQueries({ before, first, last, now }, tables);
    });
  }

  /** Work with a connection of its own, whose statements are not taken for the application's. */
  async apart<T>(work: (server: Server, session: Session) => Promise<T>): Promise<T> {
    const { server, session } = await connectWithSession(this.#target);
    try {
      return await work(server, session);
    } finally {
      const [row] = await session.query<{ Value: string }>("SHOW SESSION STATUS LIKE 'Questions'").catch(() => []);
      // The question itself is not in its answer.
      this.#own += Number(row?.Value ?? 0) + 1;
      await session.close();
    }
  }

  async close(): Promise<void> {
    await this.#connected?.session.close();
    this.#connected = undefined;
  }

  async #count(session: Session, counters: CounterSource): Promise<DatabaseLook | undefined> {
    const asked = counting(session);
    const now = await counters.read(asked.session);
    const own = this.#own + asked.statements();
    const before = this.#counters;
    this.#counters = now;
    this.#own = 0;
    if (!before) return undefined;
    const look = difference(before, now, own);
    if (look.lockWaits === 0) return look;
    return { ...look, blocker: await this.#blocker(session) };
  }

  /** Who holds the lock that others wait for, where this account may see it. */
  async #blocker(session: Session): Promise<string | undefined> {
    const waits =
      this.#connected?.server.flavor.kind === 'mysql'
        ? 'performance_schema.data_lock_waits w JOIN information_schema.INNODB_TRX b ON b.trx_id = w.BLOCKING_ENGINE_TRANSACTION_ID'
        : 'information_schema.INNODB_LOCK_WAITS w JOIN information_schema.INNODB_TRX b ON b.trx_id = w.blocking_trx_id';
    this.#own += 1;
    const [row] = await session
      .query<{ id: number; since: string }>(
        `SELECT b.trx_mysql_thread_id AS id, b.trx_started AS since FROM ${waits} ORDER BY b.trx_started LIMIT 1`,
      )
      .catch(() => []);
    return row ? `connection ${row.id}, in a transaction since ${row.since},` : undefined;
  }

  async #orRefused<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      if ((error as { fatal?: boolean }).fatal || !(error as { errno?: number }).errno) throw error;
      this.#hasDigests = false;
      this.#once(
        `queries are not judged one by one: ${(error as Error).message}. It would help: GRANT SELECT ON performance_schema.* TO this account`,
      );
      return undefined;
    }
  }

  async #within<T>(work: (connected: Connected) => Promise<T>): Promise<T> {
    const connecting = this.#connected ?? (await this.#connect());
    let late: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(new Error(`no answer within ${this.#withinMs} ms`)), this.#withinMs);
    });
    try {
      return await Promise.race([work(connecting), tooLate]);
    } catch (error) {
      connecting.session.destroy();
      this.#connected = undefined;
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  async #connect(): Promise<Connected> {
    const { server, session } = await connectWithSession(this.#target);
    this.#own += TO_CONNECT;
    const counters = new CounterSource(server.flavor, server.target.database, (text) => this.#once(text));
    this.#connected = { server, session, counters };
    return this.#connected;
  }

  #once(text: string): void {
    if (this.#told.has(text)) return;
    this.#told.add(text);
    this.#tell(text);
  }
}

/** The same session, and how many statements it was given. */
function counting(session: Session): { session: Session; statements(): number } {
  let asked = 0;
  const query: Session['query'] = (sql, values) => {
    asked += 1;
    return session.query(sql, values);
  };
  return { session: { ...session, query }, statements: () => asked };
}
