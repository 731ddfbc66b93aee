import { beforeAll, expect, test } from 'vitest';
import { buildGateway, type Gateway } from '../../../src/demo/gateway/gateway.ts';
import { connect, type Session } from '../../../src/mysql/connect.ts';
import { describeOnServers, type TestServer } from '../../support/servers.ts';

const SCALE = 0.125;

describeOnServers('the sample gateway', (server) => {
  let gateway: Gateway;
  let session: Session;

  beforeAll(async () => {
    gateway = await build(server(), 'askproai_db');
    session = await (await connect(server().target('askproai_db'))).open();
    return () => session.close();
  });

  test('has every kind of object', async () => {
    const kinds = await session.query(`
      SELECT
        (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE') AS tables,
        (SELECT COUNT(*) FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()) AS views,
        (SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()) AS triggers,
        (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()) AS routines,
        (SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()) AS events,
        (SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND GENERATION_EXPRESSION > '') AS generated_columns,
        (SELECT COUNT(DISTINCT TABLE_NAME) FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = DATABASE() AND PARTITION_NAME > '') AS partitioned`);
    expect(kinds).toEqual([
      { tables: gateway.tables, views: 6, triggers: 5, routines: 6, events: 3, generated_columns: 4, partitioned: 1 },
    ]);
    expect(gateway).toEqual({ companies: 3, tables: 188, rows: 43_440 });
  });

  test('has only rows whose parents exist, in the same company', async () => {
    const keys = await session.query<Record<'child' | 'col' | 'parent', string>>(`
      SELECT TABLE_NAME AS child, COLUMN_NAME AS col, REFERENCED_TABLE_NAME AS parent
      FROM information_schema.KEY_COLUMN_USAGE
      WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL`);
    const isTenants = new Set(keys.filter(({ parent }) => parent === 'companies').map(({ child }) => child));
    const strays = keys.map(({ child, col, parent }) => {
      const sameCompany = isTenants.has(parent) && isTenants.has(child) ? ' AND p.company_id = c.company_id' : '';
      return `SELECT '${child}.${col}' AS broken FROM ${child} c LEFT JOIN ${parent} p ON p.id = c.${col}${sameCompany} WHERE c.${col} IS NOT NULL AND p.id IS NULL`;
    });
    expect(keys.length).toBeGreaterThan(250);
    expect(await session.query(strays.join(' UNION '))).toEqual([]);
  });

  test('is the same when it is built again', async () => {
    await build(server(), 'again');
    const columns = await session.query<{ name: string; columns: string }>(`
      SELECT t.TABLE_NAME AS name, GROUP_CONCAT('HEX(', c.COLUMN_NAME, ')' ORDER BY c.ORDINAL_POSITION) AS columns
      FROM information_schema.TABLES t JOIN information_schema.COLUMNS c USING (TABLE_SCHEMA, TABLE_NAME)
      WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE' GROUP BY t.TABLE_NAME`);
    // Not CHECKSUM TABLE: MariaDB's differs between equal tables that have generated columns.
    const digests = (database: string) =>
      session.query(
        columns
          .map(
            ({ name, columns }) =>
              `SELECT '${name}', SUM(CRC32(CONCAT_WS('|', ${columns}))) AS digest FROM ${database}.${name}`,
          )
          .join(' UNION ALL '),
      );
    expect(await digests('again')).toEqual(await digests('askproai_db'));
  });

  test('keeps text of every script', async () => {
    expect(await session.query("SELECT COUNT(*) > 0 AS found FROM services WHERE name LIKE '%🦷%'")).toEqual([
      { found: 1 },
    ]);
    expect(await session.query("SELECT COUNT(*) > 0 AS found FROM customers WHERE first_name = '美咲'")).toEqual([
      { found: 1 },
    ]);
  });
});

async function build(server: TestServer, database: string): Promise<Gateway> {
  const here = await connect(server.target('mysql'));
  const there = { ...here, target: server.target(database) };
  return buildGateway(there, { scale: SCALE });
}
