import type { Session } from '../../../mysql/connect.ts';
import type { Flavor } from '../../../mysql/flavor.ts';
import { quoteName } from '../../../mysql/quote.ts';
import type { Column, Snapshot } from '../../types.ts';
import { type Check, detailOf } from '../check.ts';
import { tablesOf } from './rule.ts';

/** Share of the numbers of a column, from 0 to 1, above which it is told: a year of growth is mostly left then. */
const NEAR_ITS_END = 0.75;

const BITS: Readonly<Record<string, bigint>> = { tinyint: 8n, smallint: 16n, mediumint: 24n, int: 32n, bigint: 64n };
const WHY = 'at the end every INSERT is refused with a duplicate key, or with no number left';

/**
 * How much of its numbers every AUTO_INCREMENT column has used. A warning: a small table of fixed rows may be full for
 * ever. MySQL keeps the counter for a day in its catalogue (`information_schema_stats_expiry`): asked afresh here.
 */
export async function checkAutoIncrement(session: Session, flavor: Flavor, snapshot: Snapshot): Promise<Check[]> {
  const about = { group: 'schema', level: 'warning' } as const;
  const holds = 'no AUTO_INCREMENT is near its end';
  try {
    const next = await readCounters(session, flavor, snapshot.database);
    const used = tablesOf(snapshot).flatMap(({ name, shape }) => {
      const column = shape.columns.find(({ extra }) => /auto_increment/i.test(extra));
      const most = column && greatest(column);
      const at = next.get(name) ?? 1n;
      return column && most ? [{ table: name, column, at, share: Number(at - 1n) / Number(most) }] : [];
    });
    const near = used.filter(({ share }) => share >= NEAR_ITS_END);
    if (near.length > 0) {
      return near.map(({ table, column, share, at }) => ({
        ...about,
        name: `auto-increment ${table}.${column.name}`,
        ok: false,
        detail: `${percent(share)} of the numbers of ${column.type} are used, the next is ${at}: ${WHY}`,
        remedy: `ALTER TABLE ${quoteName(table)} MODIFY ${quoteName(column.name)} BIGINT UNSIGNED NOT NULL AUTO_INCREMENT`,
      }));
    }
    const [fullest] = used.sort((a, b) => b.share - a.share);
    const detail = fullest ? `at most ${percent(fullest.share)} used: ${fullest.table}` : 'no column has one';
    return [{ ...about, name: holds, ok: true, detail }];
  } catch (error) {
    return [{ ...about, name: holds, ok: false, detail: detailOf(error) }];
  }
}

async function readCounters(session: Session, flavor: Flavor, database: string): Promise<Map<string, bigint>> {
  if (flavor.kind === 'mysql') await session.query('SET SESSION information_schema_stats_expiry = 0');
  const rows = await session.query<{ name: string; next: string | number }>(
    `SELECT TABLE_NAME AS name, CAST(AUTO_INCREMENT AS CHAR) AS next FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE' AND AUTO_INCREMENT IS NOT NULL`,
    [database],
  );
  return new Map(rows.map(({ name, next }) => [name, BigInt(next)]));
}

/** The greatest number that an integer column holds; undefined for a column of another kind. */
function greatest({ type }: Column): bigint | undefined {
  const bits = BITS[/^[a-z]+/.exec(type)?.[0] ?? ''];
  if (bits === undefined) return undefined;
  return 2n ** (type.includes('unsigned') ? bits : bits - 1n) - 1n;
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}
