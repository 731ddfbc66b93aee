import type { Tokens } from '../sql/tokens.ts';

const LOCKS = 'its lock ends with the connection, so a run that is cut off could not be continued';
export const REPLICATION = "replication is not a migration's business";
export const GIVES_UP_LOCKS =
  'it would give up the lock by which a later run knows that this connection is still at work: RELEASE_LOCK names one';
const CLIENT = 'it is a command of the mysql client, not a statement';
const DISTRIBUTED = 'a distributed transaction outlives the connection and could not be journalled';

/** Statements, by their first word, that a journal cannot make exactly-once, and why: sentences for people. */
export const FORBIDDEN_WORDS: ReadonlyMap<string, string> = new Map([
  ['USE', 'a migration belongs to one database: write schema.table where you mean another'],
  ['LOCK', LOCKS],
  ['UNLOCK', LOCKS],
  ['BACKUP', LOCKS],
  ['XA', DISTRIBUTED],
  ['SHUTDOWN', 'it would end the server in the middle of the deploy'],
  ['RESTART', 'it would end the server in the middle of the deploy'],
  ['KILL', 'the id of a connection means nothing at the next run'],
  ['RESET', 'it removes what a restore to a point in time needs'],
  ['PURGE', 'it removes what a restore to a point in time needs'],
  ['CHANGE', REPLICATION],
  ['STOP', REPLICATION],
  ['BINLOG', REPLICATION],
  ['CLONE', 'it replaces the whole server'],
  ['SOURCE', CLIENT],
  ['DELIMITER', CLIENT],
  ['\\', CLIENT],
]);

export const READ_ONLY = 'the outcome of its statements is written in it: leave READ ONLY out';

export const DATABASE_REASON = 'a migration belongs to one existing database, which backup and journal are about';

/** `COMMIT AND CHAIN` and `RELEASE` do more than end a transaction. */
export function refuseTransactionForm(tokens: Tokens): string | undefined {
  if (tokens.take('AND', 'CHAIN')) return 'AND CHAIN opens a transaction that no statement shows: write BEGIN';
  tokens.skip('AND', 'NO', 'CHAIN');
  return tokens.keyword() === 'RELEASE' ? 'RELEASE would close the connection' : undefined;
}
