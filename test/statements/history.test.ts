import { expect, test } from 'vitest';
import { connect, type Session } from '../../src/mysql/connect.ts';
import { readHistory } from '../../src/statements/history.ts';
import { createToolTables } from '../../src/statements/journal.ts';
import { describeOnServers } from '../support/servers.ts';

describeOnServers('the history', (server) => {
  test('is empty while its table is not there', async () => {
    await expect(historyOf(async () => {})).resolves.toEqual([]);
  });

  test('is read again when another run makes the table between the question and the look for it', async () => {
    await expect(historyOf(createToolTables)).resolves.toEqual([]);
  });

  test('says so when the table is there and cannot be read', async () => {
    const brokenHistory = 'CREATE VIEW gateway_migrate_history AS SELECT * FROM nowhere';
    await expect(
      historyOf(async (other) => {
        await other.query('CREATE TABLE nowhere (version INT)');
        await other.query(brokenHistory);
        await other.query('DROP TABLE nowhere');
      }),
    ).rejects.toThrow('gateway_migrate_history');
  });

  /** Reads the history of a new database; `meanwhile` happens once the first question has failed. */
  async function historyOf(meanwhile: (other: Session) => Promise<void>) {
    const production = await connect(server().target(await server().createDatabase('history')));
    const [session, other] = [await production.open(), await production.open()];
    const interrupted: Session = {
      ...session,
      query: async (sql, values) => {
        const answer = session.query<never>(sql, values);
        await answer.catch(() => meanwhile(other));
        return answer;
      },
    };
    try {
      return await readHistory(interrupted, { withText: true });
    } finally {
      await Promise.all([session, other].map((one) => one.close()));
    }
  }
});
