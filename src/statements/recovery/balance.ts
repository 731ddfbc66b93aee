import type { Statement } from '../../migrations/types.ts';

/** A statement that changed rows of one table, and how many. */
export interface Changed {
  readonly statement: Statement;
  readonly rows: number;
}

interface Step {
  readonly column: string;
  readonly amount: number;
  readonly where: string;
  readonly rows: number;
}

const STEP = /^UPDATE\s+\S+\s+SET\s+`?(\w+)`?\s*=\s*`?(\w+)`?\s*([+-])\s*(\d+)(?:\s+WHERE\s+(.+))?$/is;

/**
 * PURE: do the statements of the way back take back exactly what those of the way forward did to the rows of a table, whoever
 * else has written there meanwhile? As many rows deleted as were inserted; every `n = n + 1` answered by its `n = n - 1`
 * on as many rows. Of anything else nobody knows it from the statements.
 */
export function areBalanced(up: readonly Changed[], down: readonly Changed[]): boolean {
  const sum = (list: readonly Changed[], verb: string) =>
    list.filter(({ statement }) => statement.verb === verb).reduce((total, { rows }) => total + rows, 0);
  if (sum(up, 'INSERT') !== sum(down, 'DELETE')) return false;
  const [there, back] = [stepsOf(up, 'INSERT'), stepsOf(down, 'DELETE')];
  if (!there || !back || there.length !== back.length) return false;
  const open = [...back];
  return there.every((step) => {
    const place = open.findIndex((other) => isInverse(step, other));
    if (place >= 0) open.splice(place, 1);
    return place >= 0;
  });
}

/** Undefined when there is one that is no such step. */
function stepsOf(changes: readonly Changed[], passedBy: string): Step[] | undefined {
  const others = changes.filter(({ statement }) => statement.verb !== passedBy || isUpserting(statement));
  const steps = others.map(({ statement, rows }) => stepOf(statement, rows));
  return steps.every((step) => step !== undefined) ? steps : undefined;
}

function isUpserting({ text }: Statement): boolean {
  return /\bON\s+DUPLICATE\s+KEY\s+UPDATE\b/i.test(text);
}

function stepOf({ text }: Statement, rows: number): Step | undefined {
  const [, column = '', other, sign, amount, where = ''] = STEP.exec(text.trim()) ?? [];
  if (other?.toLowerCase() !== column.toLowerCase() || amount === undefined) return undefined;
  // What it changes must not decide which rows it changes.
  if (new RegExp(`\\b${column}\\b`, 'i').test(where)) return undefined;
  return { column, amount: Number(`${sign}${amount}`), where: where.replace(/\s+/g, ' ').trim(), rows };
}

function isInverse(a: Step, b: Step): boolean {
  return (
    a.column.toLowerCase() === b.column.toLowerCase() &&
    a.amount === -b.amount &&
    a.where === b.where &&
    a.rows === b.rows
  );
}
