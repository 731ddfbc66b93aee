import type { Session } from '../mysql/connect.ts';
import { isSameName } from '../mysql/name.ts';
import type { Collations } from './session.ts';

/** A database, and how the server that wrote the log compares the names of databases and tables. */
export interface NamedDatabase {
  readonly database: string;
  /** `lower_case_table_names` is not 0: `Shop` and `shop` are one. Where it is 0, they are two. */
  readonly ignoresCase: boolean;
}

/** What a binary log is read for. */
export interface Subject extends NamedDatabase {
  readonly collations: Collations;
  /** Tables elsewhere whose rows, when they go or change, change rows of the database that the log does not have. */
  readonly unloggedParents: readonly UnloggedParent[];
  /** Tables of the database whose rows came into the backup other than they were, with no key that finds them again. */
  readonly notFoundAgain?: readonly string[];
  /** What its clock shows, in microseconds since 1970: everything in the log was committed before. */
  readonly now: number;
}

/** What of it statements of the log are read by. */
export type Readable = Omit<Subject, 'now' | 'unloggedParents'>;

export interface UnloggedParent {
  readonly database: string;
  readonly table: string;
  /** What is logged nowhere: `shop.children (ON DELETE CASCADE)`. */
  readonly changes: string;
  readonly on: readonly ('delete' | 'update')[];
}

/** Asks the server that wrote the log. */
export async function readNamedDatabase(session: Session, database: string): Promise<NamedDatabase> {
  const [row] = await session.query<{ names: number | string }>('SELECT @@lower_case_table_names AS names');
  return { database, ignoresCase: Number(row?.names) !== 0 };
}

/** PURE: does this name mean the database? */
export function means({ database, ignoresCase }: NamedDatabase, name: string): boolean {
  return isSameName(database, name, ignoresCase);
}
