import type { Session } from '../../mysql/connect.ts';
import { quoteName } from '../../mysql/quote.ts';
import { detailOf } from '../../schema/checks/check.ts';
import { type CheckConstraint, checkConstraints } from '../values/check-constraints.ts';
import type { Member } from './family.ts';
import type { PlantedRow } from './row.ts';

/**
 * The row with other values where a CHECK wants others: those that its clause speaks of and those beside them, one
 * column after another. As it was where none will do: the server's refusal says more then.
 */
export async function satisfyChecks(session: Session, member: Member, row: PlantedRow): Promise<PlantedRow> {
  let satisfied = row;
  for (const check of checkConstraints(member.object)) {
    if (await holds(session, member, check, satisfied)) continue;
    for (const candidate of candidates(member, check, satisfied)) {
      if (!(await holds(session, member, check, candidate))) continue;
      satisfied = candidate;
      break;
    }
  }
  return satisfied;
}

/** A check that is NULL holds. So does, for us, one that cannot be asked without its table. */
async function holds(session: Session, member: Member, { clause }: CheckConstraint, row: PlantedRow): Promise<boolean> {
  const columns = member.shape.columns.filter(({ name }) => clause.includes(quoteName(name)));
  const values = columns.map(
    (column) => `${row.get(column.name) ?? column.default ?? 'NULL'} AS ${quoteName(column.name)}`,
  );
  if (values.length === 0) return true;
  try {
    const [answer] = await session.query(
      `SELECT (${clause}) IS NOT FALSE AS holds FROM (SELECT ${values.join(', ')}) AS one`,
    );
    return Number(answer?.holds) === 1;
  } catch (error) {
    detailOf(error);
    return true;
  }
}

function candidates(member: Member, { clause }: CheckConstraint, row: PlantedRow): PlantedRow[] {
  const columns = member.shape.columns.filter(
    ({ name, generation }) => !generation && clause.includes(quoteName(name)),
  );
  const numbers = [...clause.matchAll(/(?<![\w.`])-?\d+(?:\.\d+)?/g)].map(([number]) => Number(number));
  const texts = [...clause.matchAll(/'(?:[^'\\]|\\.|'')*'/g)].map(([text]) => text);
  const values = [...numbers.flatMap((number) => [number, number + 1, number - 1]).map(String), ...texts];
  return columns.flatMap(({ name }) => values.map((value) => new Map([...row, [name, value]])));
}
