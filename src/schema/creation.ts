import type { Session } from '../mysql/connect.ts';
import { eventStatements } from '../mysql/event-text.ts';
import { type Creation, circumstanceSettings } from './definitions.ts';
import type { ObjectKind } from './types.ts';

/** What every session of ours has, and gets back afterwards. */
const OWN_MODE = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';

/** Makes an object under the circumstances that it remembers: sql_mode, character sets, time zone. Throws the server's error. */
export async function createAsRemembered(
  session: Session,
  creation: Creation,
  settings: readonly string[] = circumstanceSettings(creation),
): Promise<void> {
  if (settings.length > 0) await session.query(`SET ${settings.join(', ')}`);
  try {
    for (const sql of eventStatements(creation.text)) await session.execute(sql);
  } finally {
    if (settings.length > 0)
      await session.query(`SET NAMES utf8mb4, SESSION sql_mode = '${OWN_MODE}', time_zone = '+00:00'`);
  }
}

/** Drops an object, if it is there; `name` is quoted. MariaDB knows the words for a package in Oracle's mode alone. */
export async function dropObject(
  session: Session,
  kind: ObjectKind,
  name: string,
  run: (sql: string) => Promise<unknown>,
): Promise<void> {
  const sql = `DROP ${kind.toUpperCase()} IF EXISTS ${name}`;
  if (kind !== 'package' && kind !== 'package body') {
    await run(sql);
    return;
  }
  await session.query("SET SESSION sql_mode = 'ORACLE'");
  try {
    await run(sql);
  } finally {
    await session.query(`SET SESSION sql_mode = '${OWN_MODE}'`);
  }
}
