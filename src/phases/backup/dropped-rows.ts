import type { Context } from '../../context.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import { quoteName } from '../../mysql/quote.ts';
import type { StepInputs } from '../../plan/step.ts';
import { readTexts } from '../../schema/definitions.ts';
import { readSnapshot } from '../../schema/snapshot.ts';
import { readTableNames } from '../../schema/tables.ts';
import type { Column, ObjectId, Snapshot } from '../../schema/types.ts';
import { textOf } from '../../statements/recovery/contents.ts';
import type { StatementParts } from '../migrate/statement-parts.ts';
import { findWaysBack, type Undoing, waitForDeadClients } from '../migrate/ways-back.ts';
import { type Following, type Taken, takenAway } from './taken-away.ts';
import { areWrittenAgain } from './written-rows.ts';

const COMPARABLE = /^(?:tinyint|smallint|mediumint|int|bigint|decimal|date|datetime|timestamp|time|year)\b/i;

/** What the way back of a run takes away, of tables that are there. */
export interface Going {
  readonly taken: readonly Taken[];
  readonly undoings: readonly Undoing[];
}

/** Throws `NoWayBack` where there is none. */
export async function findGoing(input: StepInputs['undo'], parts: StatementParts, context: Context): Promise<Going> {
  await waitForDeadClients([input.ofRun], context);
  const session = await context.server.open();
  const { database } = context.server.target;
  try {
    const { undoings } = await findWaysBack(input, parts, session, context);
    const statements = undoings.flatMap((undoing) => undoing.statements);
    const definitions = Object.fromEntries(await readTexts(session, database, statements.flatMap(alteredBy)));
    const present = await readTableNames(session, database);
    const taken = takenAway(statements, definitions, await readFollowing(session, database));
    return { taken: taken.filter(({ table }) => present.has(table)), undoings };
  } finally {
    await session.close();
  }
}

function alteredBy({ touches }: Statement): ObjectId[] {
  const altered = touches.filter(({ action, object }) => action === 'alter' && object.startsWith('table:'));
  return altered.map(({ object }) => object);
}

/**
 * Those of these tables whose rows, or the values in whose columns, nothing makes again. Asked when nobody writes there any more; what
 * cannot be told is among them.
 */
export async function findOwnRows({ taken, undoings }: Going, context: Context): Promise<string[]> {
  // As the migrations' own statements ran, for some of them run again.
  const session = await context.server.open({ purpose: 'migration' });
  try {
    const snapshot = await readSnapshot(session, context.server.target.database);
    const own: string[] = [];
    for (const { table, columns } of taken) {
      if (await isEmpty(table, session)) continue;
      const isMade =
        columns === 'all'
          ? await areWrittenAgain(table, undoings, snapshot, session)
          : !undoings.some(({ migration }) => migration.up.some((one) => fills(one, table))) &&
            (await areUnfilled(table, columns, snapshot, session));
      if (!isMade) own.push(table);
    }
    return own;
  } finally {
    await session.close();
  }
}

function fills({ kind, writes }: Statement, table: string): boolean {
  return kind === 'opaque' || (kind === 'dml' && writes.includes(table));
}

async function isEmpty(table: string, session: Session): Promise<boolean> {
  return (await session.query(`SELECT 1 FROM ${quoteName(table)} LIMIT 1`)).length === 0;
}

/** Each of the columns holds in every row what ADD COLUMN has put there. False where that cannot be told. */
async function areUnfilled(
  table: string,
  columns: readonly string[],
  { objects }: Snapshot,
  session: Session,
): Promise<boolean> {
  const shape = objects.get(`table:${table}`)?.table;
  for (const name of columns) {
    const column = shape?.columns.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (!column) return false;
    const isFilled = filledSql(column);
    const sql = `SELECT 1 FROM ${quoteName(table)} WHERE ${isFilled} LIMIT 1`;
    if (
      await session.query(sql).then(
        (rows) => rows.length > 0,
        () => true,
      )
    )
      return false;
  }
  return true;
}

/** SQL that is true of a value which ADD COLUMN has not put there. As cheap as the type allows: the table may be long, and waits. */
function filledSql(column: Column): string {
  const name = quoteName(column.name);
  const text = textOf(column);
  if (column.default === null) {
    return column.isNullable ? `${name} IS NOT NULL` : `NOT (${text} = '' OR ${text} = HEX('0'))`;
  }
  if (COMPARABLE.test(column.type)) return `NOT (${name} <=> DEFAULT(${name}))`;
  // Byte for byte: to a collation two texts may be the same.
  return `NOT (${text} <=> ${textOf(column, `DEFAULT(${name})`)})`;
}

export async function readFollowing(session: Session, database: string): Promise<Following[]> {
  return session.query<Following & Record<string, unknown>>(
    `SELECT TABLE_NAME AS child, REFERENCED_TABLE_NAME AS parent FROM information_schema.REFERENTIAL_CONSTRAINTS
     WHERE CONSTRAINT_SCHEMA = ? AND UNIQUE_CONSTRAINT_SCHEMA = ? AND DELETE_RULE IN ('CASCADE', 'SET NULL')`,
    [database, database],
  );
}
