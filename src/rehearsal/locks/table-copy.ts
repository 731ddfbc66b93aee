import { readTableText } from '../../migrations/table-text.ts';
import type { Session } from '../../mysql/connect.ts';
import { quoteName } from '../../mysql/quote.ts';

/** The name of the copy; a cut-off rehearsal may have left one. */
const COPY = 'gateway_migrate_trial';

export interface TableCopy {
  readonly name: string;
  /** The copy's name for a constraint of the table. */
  rename(constraint: string): string;
}

/**
 * An empty copy beside the table for the time of `use`. CREATE TABLE LIKE leaves foreign keys out, and MySQL gives
 * checks names of its own (MySQL Reference Manual, 15.1.20.3): the keys are added, the checks found by what they say.
 * Triggers are not copied; no algorithm depends on them.
 */
export async function withTableCopy<T>(
  session: Session,
  table: string,
  use: (copy: TableCopy) => Promise<T>,
): Promise<T> {
  await session.execute(`DROP TABLE IF EXISTS ${quoteName(COPY)}`);
  try {
    await session.execute(`CREATE TABLE ${quoteName(COPY)} LIKE ${quoteName(table)}`);
    return await use({ name: COPY, rename: await matchConstraints(session, table) });
  } finally {
    await session.execute(`DROP TABLE IF EXISTS ${quoteName(COPY)}`);
  }
}

async function matchConstraints(session: Session, table: string): Promise<(constraint: string) => string> {
  const names = new Map<string, string>();
  const text = await show(session, table);
  const original = readTableText(text);
  const added = original.foreignKeys.map(({ name, line }, place) => {
    const copied = `${COPY}_${place}`;
    names.set(name.toLowerCase(), copied);
    return `ADD CONSTRAINT ${quoteName(copied)} ${behindName(line)}`;
  });
  if (added.length > 0) await session.execute(`ALTER TABLE ${quoteName(COPY)} ${added.join(', ')}`);
  if (original.checks.length > 0) {
    const copies = readTableText(await show(session, COPY)).checks;
    for (const { name, line } of original.checks) {
      const copy = copies.find((candidate) => behindName(candidate.line) === behindName(line));
      if (copy) names.set(name.toLowerCase(), copy.name);
    }
  }
  return (constraint) => names.get(constraint.toLowerCase()) ?? constraint;
}

async function show(session: Session, table: string): Promise<string> {
  const [row] = await session.query(`SHOW CREATE TABLE ${quoteName(table)}`);
  return String(row?.['Create Table'] ?? '');
}

/** What stands behind CONSTRAINT and its name. */
function behindName(line: string): string {
  return line.replace(/^CONSTRAINT `(?:[^`]|``)+` /, '');
}
