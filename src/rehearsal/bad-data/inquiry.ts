import type { Row, Session } from '../../mysql/connect.ts';
import type { Flavor } from '../../mysql/flavor.ts';
import { detailOf } from '../../schema/checks/check.ts';
import { selectWithin } from '../../schema/checks/time-limit.ts';
import type { Finding, FindingName } from '../finding.ts';
import type { ChangedTable } from './changed-table.ts';

/** How production is asked: by reading only, and never for longer than `withinMs` a question. */
export interface Inquiry {
  readonly session: Session;
  readonly flavor: Flavor;
  readonly database: string;
  readonly withinMs: number;
}

/** A question whose answer should be no row. */
export interface Question {
  readonly name: FindingName;
  readonly table: ChangedTable;
  /** The column or key that it is about. */
  readonly part: string;
  /** Stands behind the word SELECT. */
  readonly select: string;
  readonly level?: Finding['level'];
  describe(rows: readonly Row[]): Pick<Finding, 'what' | 'why' | 'fix'>;
  /** A value of some row makes the question itself fail, as it would the migration. */
  describeFailure?(detail: string): Pick<Finding, 'what' | 'why' | 'fix'>;
}

/** The class "data exception" of the SQL standard. */
const DATA_EXCEPTION = /^22/;

/** Asks one question; a finding when rows came, or when the answer is not known. */
export async function ask(inquiry: Inquiry, question: Question): Promise<Finding[]> {
  const { table, part, name } = question;
  const object = part === '' ? table.name : `${table.name}.${part}`;
  const about = { name, group: 'data', version: table.versionOf(part), object } as const;
  const why = 'the migration fails half way if there are any';
  try {
    const rows = await selectWithin(inquiry.session, inquiry.flavor, inquiry.withinMs, question.select);
    if (rows?.length === 0) return [];
    if (rows) return [{ ...about, ...soften(question, question.describe(rows)) }];
    const what = `not known: to look takes longer than ${inquiry.withinMs / 1000} s`;
    return [{ ...about, level: 'advice', what, why, fix: `look at a quiet time: SELECT ${question.select}` }];
  } catch (error) {
    if (question.describeFailure && DATA_EXCEPTION.test((error as { sqlState?: string }).sqlState ?? '')) {
      return [{ ...about, ...soften(question, question.describeFailure(detailOf(error))) }];
    }
    const what = `not known: ${detailOf(error)}`;
    return [{ ...about, level: 'advice', what, why, fix: `look by hand: SELECT ${question.select}` }];
  }
}

/** An earlier statement may mend the rows: production cannot tell, the rehearsal on a backup can. */
function soften(
  { table, level = 'error' }: Question,
  words: Pick<Finding, 'what' | 'why' | 'fix'>,
): Pick<Finding, 'level' | 'what' | 'why' | 'fix'> {
  if (!table.isWritten || level === 'advice') return { level, ...words };
  return {
    level: 'advice',
    what: `${words.what} (the migrations write rows of ${table.name} too, which may mend it)`,
    why: words.why,
    fix: `see whether they do: gateway-migrate test --from-backup; else ${words.fix}`,
  };
}

const SHOWN = 3;

/** `7, 8, 9, …`: composite values in parentheses. */
export function samples(rows: readonly Row[]): string {
  const values = rows.slice(0, SHOWN).map((row) => {
    const parts = Object.values(row).map((value) => String(value).slice(0, 60));
    return parts.length === 1 ? parts[0] : `(${parts.join(', ')})`;
  });
  return `${values.join(', ')}${rows.length > SHOWN ? ', …' : ''}`;
}

/** Rows are counted up to here. */
export const COUNTED = 1_000;

/** `3 rows`, `1000 or more rows`. */
export function countRows(rows: number): string {
  return `${rows}${rows >= COUNTED ? ' or more' : ''} ${rows === 1 ? 'row' : 'rows'}`;
}
