import { type Assignment, assignmentsOf, isServerWide } from '../../migrations/sql/assignments.ts';
import { Tokens } from '../../migrations/sql/tokens.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import { textLiteral } from '../../mysql/literal.ts';
import { quoteName } from '../../mysql/quote.ts';

/** A setting of the server or of a database as it was before a statement: what brings it back, and its name for people. */
export interface NotedSetting {
  readonly what: string;
  /** Empty: nothing is known that does. */
  readonly back: readonly string[];
}

/** What `SET GLOBAL`, `SET PERSIST` and `ALTER DATABASE` are about to change; empty for every other statement. */
export async function readSettings(session: Session, statement: Statement): Promise<NotedSetting[]> {
  if (statement.verb === 'SET') {
    const settings: NotedSetting[] = [];
    for (const { scope, name } of assignmentsOf(statement.text)) {
      if (isServerWide(scope)) settings.push(await readVariable(session, scope, name));
    }
    return settings;
  }
  const isOfDatabase = statement.verb === 'ALTER DATABASE' || statement.verb === 'ALTER SCHEMA';
  return isOfDatabase ? [await readDatabase(session, statement.text)] : [];
}

/** What the intent noted of them is what they are now, each of them. */
export async function areSettingsAsNoted(
  settings: readonly NotedSetting[],
  statement: Statement,
  session: Session,
): Promise<boolean> {
  if (settings.length === 0 || settings.some(({ back }) => back.length === 0)) return false;
  return JSON.stringify(await readSettings(session, statement)) === JSON.stringify(settings);
}

/** `sql_mode`, or `component.variable`. */
export function quoteVariable(name: string): string {
  return name.split('.').map(quoteName).join('.');
}

async function readVariable(session: Session, scope: Assignment['scope'], name: string): Promise<NotedSetting> {
  const what = `${scope} ${name}`;
  try {
    const [row] = await session.query<{ value: unknown }>(`SELECT @@GLOBAL.${quoteVariable(name)} AS value`);
    const set = `SET GLOBAL ${quoteVariable(name)} = ${settingLiteral(row?.value)}`;
    if (scope === 'GLOBAL') return { what, back: [set] };
    const [kept] = await session.query<{ value: unknown }>(
      'SELECT VARIABLE_VALUE AS value FROM performance_schema.persisted_variables WHERE VARIABLE_NAME = ?',
      [name],
    );
    const persisted = kept
      ? `SET PERSIST_ONLY ${quoteVariable(name)} = ${settingLiteral(kept.value)}`
      : `RESET PERSIST IF EXISTS ${quoteVariable(name)}`;
    return { what, back: scope === 'PERSIST' ? [set, persisted] : [persisted] };
  } catch {
    return { what, back: [] };
  }
}

/** The server takes a number for no text, and a text for no number. */
export function settingLiteral(value: unknown): string {
  return typeof value === 'number' || (typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value))
    ? String(value)
    : textLiteral(value === null || value === undefined ? null : String(value));
}

async function readDatabase(session: Session, text: string): Promise<NotedSetting> {
  const tokens = new Tokens(text);
  tokens.take('ALTER');
  tokens.next();
  const isUnnamed = ['CHARACTER', 'CHARSET', 'DEFAULT', 'COLLATE', 'ENCRYPTION', 'READ', 'COMMENT'].includes(
    tokens.keyword(),
  );
  const name = isUnnamed ? null : (tokens.name()?.name ?? null);
  const [row] = await session.query<{ name: string; charset: string; collation: string }>(
    `SELECT SCHEMA_NAME AS name, DEFAULT_CHARACTER_SET_NAME AS charset, DEFAULT_COLLATION_NAME AS collation
     FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = COALESCE(?, DATABASE())`,
    [name],
  );
  const isOfTexts =
    tokens.seek('CHARACTER', 'CHARSET', 'COLLATE', 'ENCRYPTION', 'READ', 'COMMENT') &&
    /^C(?:H|OLL)/.test(tokens.keyword());
  const what = `defaults of database ${row?.name ?? name ?? ''}`;
  if (!row || !isOfTexts) return { what, back: [] };
  return {
    what,
    back: [`ALTER DATABASE ${quoteName(row.name)} CHARACTER SET ${row.charset} COLLATE ${row.collation}`],
  };
}
