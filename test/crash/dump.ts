import type { Connection, RowDataPacket } from 'mysql2/promise';
import { quoteName } from '../../src/mysql/quote.ts';
import { HISTORY_TABLE, JOURNAL_TABLE } from '../../src/schema/types.ts';

type Row = Record<string, unknown>;
type Ask = (sql: string) => Promise<Row[]>;

/**
 * Everything in a database as one text: every definition as the server shows it, every row of every table, and of the
 * tool's own tables which migration is in which state. Read without the product's own code.
 */
export async function dumpDatabase(connection: Connection, database: string): Promise<string> {
  await connection.query(`USE ${quoteName(database)}`);
  const ask: Ask = async (sql) => (await connection.query<RowDataPacket[]>(sql))[0] as Row[];
  const parts = [
    ...(await dumpTables(ask, database)),
    ...(await dumpPrograms(ask, database)),
    ...(await dumpHistory(ask)),
  ];
  return parts.join('\n').replaceAll(`${quoteName(database)}.`, '');
}

async function dumpTables(ask: Ask, database: string): Promise<string[]> {
  const tables = await ask(
    `SELECT TABLE_NAME AS name, TABLE_TYPE AS type FROM information_schema.TABLES
     WHERE TABLE_SCHEMA = '${database}' AND TABLE_NAME NOT IN ('${HISTORY_TABLE}', '${JOURNAL_TABLE}') ORDER BY name`,
  );
  const parts: string[] = [];
  for (const { name, type } of tables) {
    const [shown] = await ask(`SHOW CREATE TABLE ${quoteName(String(name))}`);
    if (type === 'VIEW') {
      parts.push(String(shown?.['Create View']));
      continue;
    }
    const rows = (await ask(`SELECT * FROM ${quoteName(String(name))}`)).map((row) => JSON.stringify(row)).sort();
    parts.push(sortKeys(String(shown?.['Create Table'])), ...rows);
  }
  return parts;
}

/** An index that was dropped and made again stands last: its place means nothing to the server. */
function sortKeys(definition: string): string {
  const lines = definition.replace(/ AUTO_INCREMENT=\d+/, '').split('\n');
  const isKey = (line: string) => /^ +(UNIQUE KEY|KEY|CONSTRAINT)/.test(line);
  const bare = lines.map((line) => line.replace(/,$/, ''));
  const [last = ''] = bare.slice(-1);
  return [...bare.slice(0, -1).filter((line) => !isKey(line)), ...bare.filter(isKey).sort(), last].join('\n');
}

async function dumpPrograms(ask: Ask, database: string): Promise<string[]> {
  const programs = await ask(
    `SELECT 'TRIGGER' AS type, TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '${database}'
     UNION ALL SELECT 'EVENT', EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '${database}'
     UNION ALL SELECT ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '${database}'
     ORDER BY type, name`,
  );
  const parts: string[] = [];
  for (const { type, name } of programs) {
    const [shown] = await ask(`SHOW CREATE ${type} ${quoteName(String(name))}`);
    parts.push(JSON.stringify({ ...shown, Created: undefined }));
  }
  return parts;
}

async function dumpHistory(ask: Ask): Promise<string[]> {
  const rows = await ask(`SELECT version, name, checksum, state FROM ${HISTORY_TABLE} ORDER BY version`).catch(
    (error: { errno?: number }) => {
      if (error.errno === 1146) return [];
      throw error;
    },
  );
  return rows.map((row) => JSON.stringify(row));
}
