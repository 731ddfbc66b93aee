import { expect, it } from 'vitest';
import { RowCheck } from '../../../src/backup/dump/completeness.ts';
import { readTables } from '../../../src/backup/dump/source.ts';
import { SectionDigest } from '../../../src/backup/file/section-digest.ts';
import type { Session } from '../../../src/mysql/connect.ts';
import { describeOnServers } from '../../support/servers.ts';
import { contextFor } from '../support.ts';

const ROWS = 15_000;

describeOnServers('the check of rows', (server) => {
  it('counts a large table only where the dump and the estimate of the server disagree', async () => {
    const database = await server().createDatabase('rows');
    const digits = 'SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4';
    await server().sql(
      `CREATE TABLE large (id INT AUTO_INCREMENT PRIMARY KEY, t TEXT); CREATE TABLE small (id INT PRIMARY KEY);
       INSERT INTO large (t) SELECT REPEAT('x', 1500) FROM
         (${digits}) a, (${digits}) b, (${digits}) c, (${digits}) d, (${digits}) e, (${digits}) f
         LIMIT ${ROWS};
       ANALYZE TABLE large`,
      database,
    );
    const context = await contextFor(server().target(database));
    const session = await context.server.open();
    const tables = await readTables(context.server, session);
    const asked: string[] = [];
    const listening: Session = {
      ...session,
      query: (sql, values) => {
        asked.push(sql);
        return session.query(sql, values);
      },
    };
    const check = (name: string, rows: number) => {
      const section = { kind: 'table', name } as const;
      const one = new RowCheck(listening, context, { tables });
      one.add({ section, rows, rawBytes: 0, digest: new SectionDigest(), offset: 0, end: 0 });
      return one.done();
    };
    await check('large', ROWS);
    expect(asked).toEqual([]);
    await check('small', 0);
    expect(asked).toEqual([`SELECT COUNT(*) AS \`rows\` FROM \`${database}\`.\`small\``]);
    await expect(check('large', ROWS / 5)).rejects.toThrow(
      `the dump has ${ROWS / 5} rows of large, the server ${ROWS}`,
    );
    await session.close();
  });
});
