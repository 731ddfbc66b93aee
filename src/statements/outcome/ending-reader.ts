import { type Ending, endingsOf, type Procedure, plainText } from '../../migrations/ending.ts';
import { Tokens } from '../../migrations/sql/tokens.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import { quoteName } from '../../mysql/quote.ts';
import { preparedName } from '../session-state.ts';
import type { Numbered } from '../unit.ts';
import type { Workbench } from '../workbench.ts';

/** What of a statement may end its transaction or act outside it: by what the catalogue says now, and `all` in front of it. */
export async function readEndings(
  { statement, ordinal }: Numbered,
  all: readonly Numbered[],
  { journal, work }: Pick<Workbench, 'journal' | 'work'>,
): Promise<Ending[]> {
  if (statement.kind !== 'opaque') return [];
  const earlier = all.filter((one) => one.ordinal < ordinal).map((one) => one.statement);
  const prepared = statement.verb === 'EXECUTE' ? await readPrepared(statement, earlier, work) : undefined;
  return endingsOf(statement, await readProcedures(journal), prepared);
}

async function readProcedures(session: Session) {
  const rows = await session.query<{ database: string; name: string; body: string | null; sqlMode: string }>(
    `SELECT ROUTINE_SCHEMA AS \`database\`, ROUTINE_NAME AS name, ROUTINE_DEFINITION AS body, SQL_MODE AS sqlMode
     FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE = 'PROCEDURE'`,
  );
  const procedures: Procedure[] = rows.map(({ name, body, sqlMode }) => ({ name, body, sqlMode }));
  return { database: rows[0]?.database ?? '', procedures };
}

/** The text that `EXECUTE name` runs, where the section shows it or the variable that it was taken from still holds it. */
async function readPrepared(statement: Statement, earlier: readonly Statement[], work: Session) {
  const name = preparedName(statement.text, 'EXECUTE');
  const place = earlier.findLastIndex((one) => preparedName(one.text, 'PREPARE') === name);
  const tokens = new Tokens(earlier[place]?.text ?? '');
  if (!tokens.seek('FROM')) return undefined;
  tokens.next();
  const source = tokens.next();
  if (source?.kind === 'string') return plainText(source);
  const variable = source?.text === '@' ? tokens.name()?.name : undefined;
  if (variable === undefined || tokens.peek()) return undefined;
  const isMentioned = earlier.slice(place + 1).some(({ text }) => text.toLowerCase().includes(variable.toLowerCase()));
  if (isMentioned) return undefined;
  const [row] = await work.query<{ text: string | null }>(
    `SELECT CONVERT(@${quoteName(variable)} USING utf8mb4) AS text`,
  );
  return row?.text ?? undefined;
}
