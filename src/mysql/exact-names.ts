/**
 * Constants that a column of the catalogue is compared with: names of databases and tables. Elsewhere (routines, events) the
 * servers themselves know no case.
 */
const COMPARED = /\b((?:\w+_schema|schema_name|table_name)\s*=\s*)(\?|DATABASE\(\))/gi;

/**
 * PURE: a question of ours to MariaDB's catalogue, with names compared as the server itself compares them where it tells `shop`
 * from `Shop`; the catalogue's columns do not. The constant is converted, not the column: so it still opens only the tables that are
 * asked for (MariaDB Knowledge Base, "Information Schema Optimizations").
 */
export function withExactNames(sql: string): string {
  // What makes a stored program may hold such a text, and stays as it is.
  if (!/^\s*\(?SELECT\b/i.test(sql) || !/\binformation_schema\b/i.test(sql)) return sql;
  return sql.replace(COMPARED, '$1CONVERT($2 USING utf8mb3) COLLATE utf8mb3_bin');
}
