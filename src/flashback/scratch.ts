import { binlogSql, FULL_BYTES } from '../binlog/batch.ts';
import { keepTextOut } from '../binlog/session.ts';
import type { Session } from '../mysql/connect.ts';
import type { Flavor } from '../mysql/flavor.ts';
import { quoteName, quoteQualified } from '../mysql/quote.ts';
import type { TableEffect } from './collect.ts';
import type { NetRow } from './net-effect.ts';
import { type Deed, mapEvent, type Naming, rowsEvent } from './row-events.ts';
import { digestOf, type Reference, type UndoneTable } from './shape.ts';

/** `back`: rows that come back. `off`: rows that go. `now`, `was`: rows that are set back, as they are and as they were. */
export type Role = 'back' | 'off' | 'now' | 'was';
export const ROLES: readonly Role[] = ['back', 'off', 'now', 'was'];

/** A table whose rows are undone, and where the server has read their images: one table a role, beside production. */
export interface Undoing {
  readonly table: UndoneTable;
  readonly effect: TableEffect;
  readonly images: Readonly<Record<Role, readonly string[]>>;
  /** Rows of the two kinds that have a pair in them: each `now` belongs to the `was` of the same number. */
  readonly rows: Readonly<Record<'back' | 'off' | 'now', readonly NetRow[]>>;
  /** Quoted names of the tables beside. */
  readonly beside: Readonly<Record<Role, string>>;
}

/** All that an undo is about. */
export interface Undo {
  /** Production's. */
  readonly database: string;
  /** The one beside it. */
  readonly side: string;
  readonly tables: readonly Undoing[];
  readonly references: readonly Reference[];
}

/** Numbers the rows of a table beside, behind all of its columns: the log has none of that name. */
export const NUMBER = quoteName('gateway_migrate_number');
/** Of a table without a key: what tells its rows apart, so that each is found without comparing it with all others. */
export const DIGEST = quoteName('gateway_migrate_digest');

/** PURE: sorts what is to be undone. `index`: the tables beside are named by it, for names of production's may be as long as can be. */
export function undoingOf(effect: TableEffect, table: UndoneTable, side: string, index: number): Undoing {
  const rows = effect.net.rows;
  const back = rows.filter(({ after }) => after === undefined);
  const off = rows.filter(({ before }) => before === undefined);
  const now = rows.filter(({ before, after }) => before !== undefined && after !== undefined);
  const name = (role: Role) => quoteQualified(side, nameOf(index, role));
  return {
    ...{ table, effect, rows: { back, off, now } },
    images: {
      back: back.map(({ before }) => before ?? ''),
      off: off.map(({ after }) => after ?? ''),
      now: now.map(({ after }) => after ?? ''),
      was: now.map(({ before }) => before ?? ''),
    },
    beside: { back: name('back'), off: name('off'), now: name('now'), was: name('was') },
  };
}

function nameOf(index: number, role: Role): string {
  return `t${index}_${role}`;
}

/** Makes the session one that understands rows of the log. Not within a transaction. Returns how much a statement may hold. */
export async function understandRows(session: Session, { kind }: Flavor, description: Buffer): Promise<number> {
  const fullBytes = (await keepTextOut(session, kind)) ? FULL_BYTES : 0;
  await session.query(binlogSql([description]));
  // It takes the session for a replica's, which is told the id of every transaction.
  if (kind === 'mysql') await session.query("SET @@session.gtid_next = 'AUTOMATIC'");
  return fullBytes;
}

/** Makes the tables beside and has the server read the images into them. Throws the server's error where it cannot. */
export async function fillBeside(undo: Undo, fullBytes: number, session: Session): Promise<void> {
  const { database, side, tables } = undo;
  for (const [index, one] of tables.entries()) {
    const { table, effect, images, beside } = one;
    const names = table.columns.map(({ name }) => quoteName(name));
    const present = quoteQualified(database, table.table);
    for (const role of ROLES) {
      await session.execute(
        `CREATE TABLE ${beside[role]} (${NUMBER} BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB
         SELECT ${names.join(', ')} FROM ${present} LIMIT 0`,
      );
      const changes = [
        `MODIFY ${NUMBER} BIGINT UNSIGNED NOT NULL AUTO_INCREMENT AFTER ${names.at(-1)}`,
        ...(table.key.length > 0 ? [] : [`ADD COLUMN ${DIGEST} BINARY(32) NULL`, `ADD KEY (${DIGEST})`]),
        ...lookedUpBy(undo, one).map((columns) => `ADD KEY (${columns})`),
      ];
      await session.execute(`ALTER TABLE ${beside[role]} ${changes.join(', ')}`);
      await repeat(
        'insert',
        images[role],
        { effect, naming: { database: side, table: nameOf(index, role) }, fullBytes },
        session,
      );
      if (table.key.length > 0 || images[role].length === 0) continue;
      await session.execute(`UPDATE ${beside[role]} s SET ${DIGEST} = ${digestOf(table, 's')}`);
    }
  }
}

/** Columns by which a row beside is found from one of production: its key, and what a child has of it. */
function lookedUpBy({ database, references }: Undo, { table }: Undoing): string[] {
  const asParent = references.filter(({ parent }) => parent.database === database && parent.table === table.table);
  const lists = [...(table.key.length > 0 ? [table.key] : []), ...asParent.map(({ parent }) => parent.columns)];
  return [...new Set(lists.map((columns) => columns.map(quoteName).join(', ')))];
}

/** Numbers of the rows that a table beside has, in the order in which they were put in. */
export async function readNumbers(beside: string, session: Session): Promise<string[]> {
  const rows = await session.query<{ n: string }>(
    `SELECT CAST(${NUMBER} AS CHAR) AS n FROM ${beside} ORDER BY ${NUMBER}`,
  );
  return rows.map(({ n }) => n);
}

interface Repeating {
  readonly effect: Pick<TableEffect, 'template'>;
  readonly naming: Naming;
  readonly fullBytes: number;
}

/** Has the server do one thing with rows, in statements of a bounded size. An update takes two images a row. */
export async function repeat(
  deed: Deed,
  images: readonly string[],
  { effect: { template }, naming, fullBytes }: Repeating,
  session: Session,
): Promise<void> {
  const step = deed === 'update' ? 2 : 1;
  const map = mapEvent(template, naming);
  for (let from = 0; from < images.length; ) {
    let bytes = 0;
    let to = from;
    // The rows of one event are one statement: without the right to leave its text out, it is logged once for each event.
    while (to < images.length && (to === from || bytes < (fullBytes || FULL_BYTES))) {
      for (const image of images.slice(to, to + step)) bytes += image.length;
      to += step;
    }
    await session.query(binlogSql([map, rowsEvent(template, deed, images.slice(from, to))]));
    from = to;
  }
}
