import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyLogs, logsFrom, readInventory } from '../../src/binlog/copy.ts';
import { type LogPosition, type LogRange, readRange } from '../../src/binlog/range.ts';
import type { Subject } from '../../src/binlog/subject.ts';
import { readTransactions, type Transaction } from '../../src/binlog/transaction.ts';
import { findLogProgram } from '../../src/mysql/clients.ts';
import { connect } from '../../src/mysql/connect.ts';
import { clientsOf, contextFor } from '../backup/support.ts';
import type { TestServer } from '../support/servers.ts';

/** A database of a server that tells `shop` and `Shop` apart, and logs what its foreign keys do. */
export function subjectOf(database: string, changes: Partial<Subject> = {}): Subject {
  return {
    database,
    ignoresCase: false,
    collations: { byId: new Map(), areAssigned: false },
    unloggedParents: [],
    now: Number.POSITIVE_INFINITY,
    ...changes,
  };
}

/** Where the server's log stands now. */
export async function endOfLog(server: TestServer): Promise<LogPosition> {
  return withRoot(server, 'mysql', async (session, flavor) => (await readInventory(session, flavor)).end);
}

/** Copies what the server has logged since a position, or a part of that. */
export async function copySince(server: TestServer, from: LogPosition): Promise<LogRange> {
  const clients = await clientsOf(server);
  const program = await findLogProgram(clients);
  if (typeof program !== 'string') throw new Error(program.problem);
  const inventory = await withRoot(server, 'mysql', readInventory);
  const logs = logsFrom(inventory, from);
  if (!logs) throw new Error(`the server has no ${from.file} any more`);
  const folder = mkdtempSync(join(tmpdir(), 'gm-binlog-'));
  return copyLogs({ logs, from, folder, program, clients, stepId: 'copy' }, await contextFor(server.target('mysql')));
}

export async function transactionsOf(range: LogRange): Promise<Transaction[]> {
  const all: Transaction[] = [];
  for await (const transaction of readTransactions(readRange(range), 'gateway_migrate_journal')) all.push(transaction);
  return all;
}

type Server = Awaited<ReturnType<typeof connect>>;
type Session = Awaited<ReturnType<Server['open']>>;

export async function withRoot<T>(
  server: TestServer,
  database: string,
  body: (session: Session, flavor: Server['flavor']) => Promise<T>,
): Promise<T> {
  const root = await connect(server.target(database));
  const session = await root.open({ purpose: 'migration' });
  try {
    return await body(session, root.flavor);
  } finally {
    await session.close();
  }
}

/** Definition and rows of every table, the journal aside. */
export async function contentOf(server: TestServer, database: string) {
  const tables = await withRoot(server, database, (session) =>
    session.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables
       WHERE table_schema = DATABASE() AND table_name <> 'gateway_migrate_journal' ORDER BY 1`,
    ),
  );
  const content: Record<string, unknown> = {};
  for (const { name } of tables) {
    const [shown] = await withRoot(server, database, (session) => session.query(`SHOW CREATE TABLE \`${name}\``));
    // MySQL names the character set of a column once its collation was given in the statement, as its log does.
    const definition = String(shown?.['Create Table']).replaceAll(' CHARACTER SET utf8mb4 COLLATE', ' COLLATE');
    content[name] = [definition, await rowsOf(server, database, name)];
  }
  return content;
}

export function rowsOf(server: TestServer, database: string, table: string) {
  return withRoot(server, database, (session) => session.query(`SELECT * FROM \`${table}\` ORDER BY 1`));
}
