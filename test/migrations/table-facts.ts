import type { Session } from '../../src/mysql/connect.ts';

/** What one server says of a table, written as the list of expected facts is. */
export async function readTableFacts(session: Session, table: string) {
  const columns = await session.query<Record<'name' | 'type' | 'nullable' | 'fallback' | 'extra', string>>(
    `SELECT column_name AS name, column_type AS type, is_nullable AS nullable, column_default AS fallback, extra AS extra
     FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position`,
    [table],
  );
  const indexes = await session.query<Record<'name' | 'duplicates' | 'columns', string>>(
    `SELECT index_name AS name, non_unique AS duplicates, GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', ') AS columns
     FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ?
     GROUP BY index_name, non_unique`,
    [table],
  );
  const keys = await session.query<Record<'name' | 'column' | 'parent' | 'target' | 'rule', string>>(
    `SELECT k.constraint_name AS name, k.column_name AS \`column\`, k.referenced_table_name AS parent,
       k.referenced_column_name AS target, r.delete_rule AS rule
     FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
       ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
     WHERE k.table_schema = DATABASE() AND k.table_name = ? AND k.referenced_table_name IS NOT NULL`,
    [table],
  );
  return {
    columns: columns.map(describeColumn),
    indexes: indexes
      .map(({ name, duplicates, columns: list }) => `${Number(duplicates) ? '' : 'unique '}${name} (${list})`)
      .sort(),
    foreignKeys: keys
      .map(({ name, column, parent, target, rule }) => `${name}: ${column} → ${parent}.${target} ${rule}`)
      .sort(),
  };
}

function describeColumn({
  name,
  type,
  nullable,
  fallback,
  extra,
}: Record<'name' | 'type' | 'nullable' | 'fallback' | 'extra', string | null>): string {
  const plainType = type
    ?.replace(/\b(bigint|int)\(\d+\)/, '$1')
    .replace(/^longtext$/, 'json')
    .replaceAll("','", ', ')
    .replaceAll("'", '');
  const value =
    fallback === null || fallback === 'NULL'
      ? ''
      : ` default ${fallback.replaceAll("'", '').replace(/current_timestamp\(\)/i, 'CURRENT_TIMESTAMP')}`;
  const isCounted = extra?.includes('auto_increment') ? ' auto_increment' : '';
  return `${name} ${plainType}${nullable === 'YES' ? ' null' : ''}${value}${isCounted}`;
}
