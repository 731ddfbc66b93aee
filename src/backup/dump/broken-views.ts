import type { Session } from '../../mysql/connect.ts';
import { quoteQualified } from '../../mysql/quote.ts';
import { readObjectNames } from './source.ts';

export interface BrokenView {
  readonly name: string;
  /** The server's own words: a table or a column that is gone, a definer that is, a right that is missing. */
  readonly reason: string;
}

/** Both dump programs stop at the first view that cannot be read; this finds all, with the statement that they stop at. */
export async function findBrokenViews(session: Session, database: string): Promise<BrokenView[]> {
  const broken: BrokenView[] = [];
  for (const name of (await readObjectNames(session, database)).view) {
    await session.query(`SHOW FIELDS FROM ${quoteQualified(database, name)}`).catch((error: Error) => {
      broken.push({ name, reason: error.message });
    });
  }
  return broken;
}
