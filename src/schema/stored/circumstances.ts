/** What a stored program remembers of the session that made it, on both servers under the same column names. */
export type CircumstanceRow = {
  definer: string | null;
  sqlMode: string | null;
  clientCharset: string | null;
  connectionCollation: string | null;
  databaseCollation: string | null;
};

export const CIRCUMSTANCES = {
  definer: 'DEFINER',
  sqlMode: 'SQL_MODE',
  clientCharset: 'CHARACTER_SET_CLIENT',
  connectionCollation: 'COLLATION_CONNECTION',
  databaseCollation: 'DATABASE_COLLATION',
} as const;

export function describeCircumstances(row: CircumstanceRow): string[] {
  return [
    `definer ${row.definer}`,
    `sql_mode ${row.sqlMode ?? ''}`,
    `client charset ${row.clientCharset}`,
    `connection collation ${row.connectionCollation}`,
    `database collation ${row.databaseCollation}`,
  ];
}
