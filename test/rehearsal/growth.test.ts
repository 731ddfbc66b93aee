import { expect, test } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { file, rehearseFiles } from './stages.ts';

/** What a rehearsal has the server do, counted by the server: time would tell of the machine as well. */
async function work(server: TestServer, tables: number): Promise<number> {
  const numbers = Array.from({ length: tables }, (_, index) => index + 1);
  const up = numbers.flatMap((n) => [`CREATE TABLE t${n} (id INT PRIMARY KEY);`, `INSERT INTO t${n} VALUES (${n});`]);
  const down = numbers.toReversed().map((n) => `DROP TABLE IF EXISTS t${n};`);
  const session = await (await connect(server.target('mysql'))).open();
  const made = async () => {
    const rows = await session.query<{ Value: string }>(
      "SHOW GLOBAL STATUS WHERE Variable_name IN ('Com_create_table', 'Com_insert')",
    );
    return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
  };
  const before = await made();
  const { findings } = await rehearseFiles(server, { files: { '0001': file(up.join('\n'), down.join('\n')) } });
  expect(findings.filter(({ level }) => level === 'error')).toEqual([]);
  return (await made().finally(() => session.close())) - before;
}

describeOnServers('the work of a rehearsal', (server) => {
  test('grows with the number of statements, not with its square', async () => {
    const [few, many] = [await work(server(), 4), await work(server(), 16)];
    expect(many / few).toBeLessThan(5);
  });
});
