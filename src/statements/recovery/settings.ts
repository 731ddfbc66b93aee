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

type Scope = 'GLOBAL' | 'PERSIST' | 'PERSIST_ONLY' | 'SESSION';

/** What `SET GLOBAL`, `SET PERSIST` and `ALTER DATABASE` are about to change; empty for every other statement. */
export async function readSettings(session: Session, statement: Statement): Promise<NotedSetting[]> {
  if (statement.verb === 'SET') {
    const settings: NotedSetting[] = [];
    for (const { scope, name } of assignmentsIn(statement.text)) {
      if (scope !== 'SESSION') settings.push(await readVariable(session, scope, name));
    }
    return settings;
  }
  const isOfDatabase = statement.verb === 'ALTER DATABASE' || statement.verb === 'ALTER SCHEMA';
  return isOfDatabase ? [await readDatabase(session, statement.text)] : [];
}

/** The scope of one assignment holds for those behind it (MySQL Reference Manual, 15.7.6.1 "SET Syntax"). */
function assignmentsIn(text: string): { scope: Scope; name: string }[] {
  const tokens = new Tokens(text);
  tokens.take('SET');
  const found: { scope: Scope; name: string }[] = [];
  let sticky: Scope = 'SESSION';
  do {
    const isSystem = tokens.take('@', '@');
    if (!isSystem && tokens.keyword() === '@') continue;
    const own = scopeOf(tokens.keyword());
    if (own) tokens.next();
    if (isSystem && own) tokens.take('.');
    if (own && !isSystem) sticky = own;
    const name = tokens.name()?.name;
    if (name !== undefined) found.push({ scope: own ?? (isSystem ? 'SESSION' : sticky), name });
  } while (tokens.seek(',') && tokens.next());
  return found;
}

function scopeOf(word: string): Scope | undefined {
  if (word === 'GLOBAL' || word === 'PERSIST' || word === 'PERSIST_ONLY') return word;
  return word === 'SESSION' || word === 'LOCAL' ? 'SESSION' : undefined;
}

async function readVariable(session: Session, scope: Exclude<Scope, 'SESSION'>, name: string): Promise<NotedSetting> {
  const what = `${scope} ${name}`;
  try {
    const [row] = await session.query<{ value: unknown }>(`SELECT @@GLOBAL.${quoteName(name)} AS value`);
    const set = `SET GLOBAL ${quoteName(name)} = ${literalOf(row?.value)}`;
    if (scope === 'GLOBAL') return { what, back: [set] };
    const [kept] = await session.query<{ value: unknown }>(
      'SELECT VARIABLE_VALUE AS value FROM performance_schema.persisted_variables WHERE VARIABLE_NAME = ?',
      [name],
    );
    const persisted = kept
      ? `SET PERSIST_ONLY ${quoteName(name)} = ${literalOf(kept.value)}`
      : `RESET PERSIST IF EXISTS ${quoteName(name)}`;
    return { what, back: scope === 'PERSIST' ? [set, persisted] : [persisted] };
  } catch {
    return { what, back: [] };
  }
}

/** The server takes a number for no text, and a text for no number. */
function literalOf(value: unknown): string {
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
