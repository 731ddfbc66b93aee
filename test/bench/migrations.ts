/** A migration of the benchmarks: one table with an index. */
export interface BenchMigration {
  /** Sorts by time: `20250101000001`. */
  readonly version: string;
  readonly name: string;
  readonly up: string;
  readonly down: string;
}

export function createMigrations(count: number): BenchMigration[] {
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(4, '0');
    const table = `t${number}`;
    return {
      version: `2025010100${number}`,
      name: `create_${table}`,
      up: `CREATE TABLE ${table} (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  company_id BIGINT UNSIGNED NOT NULL,
  name VARCHAR(255) NOT NULL,
  created_at TIMESTAMP NULL,
  KEY ${table}_company (company_id)
)`,
      down: `DROP TABLE ${table}`,
    };
  });
}
