/** Further lines of some tables' CREATE TABLE: what columns alone do not show of a production schema. */
export const EXTRA_LINES: Readonly<Record<string, readonly string[]>> = {
  calls: [
    '`billable_minutes` INT GENERATED ALWAYS AS (CEILING(`duration_seconds` / 60)) VIRTUAL',
    'CONSTRAINT `calls_duration_check` CHECK (`duration_seconds` >= 0)',
  ],
  invoices: [
    '`total` DECIMAL(12,2) GENERATED ALWAYS AS (`net` + `tax`) STORED',
    'CONSTRAINT `invoices_net_check` CHECK (`net` >= 0)',
    'KEY `invoices_total_index` (`company_id`, `total`)',
  ],
  webhook_events: [
    "`source` VARCHAR(50) GENERATED ALWAYS AS (JSON_UNQUOTE(JSON_EXTRACT(`payload`, '$.source'))) VIRTUAL",
    'KEY `webhook_events_source_index` (`source`)',
  ],
  customer_feedback: ['CONSTRAINT `customer_feedback_stars_check` CHECK (`stars` BETWEEN 1 AND 5)'],
  staff_reviews: ['CONSTRAINT `staff_reviews_stars_check` CHECK (`stars` BETWEEN 1 AND 5)'],
  vouchers: ['CONSTRAINT `vouchers_value_check` CHECK (`value` >= 0)'],
  knowledge_articles: ['FULLTEXT KEY `knowledge_articles_text_fulltext` (`title`, `body`)'],
  audit_logs: ['KEY `audit_logs_subject_index` (`company_id`, `subject_type`(50), `occurred_at`)'],
};

/** Tables that fit no notation. A partitioned table can have no foreign key (MySQL Reference Manual, "Partitioning Limitations"). */
export const EXTRA_TABLES = [
  {
    name: 'call_statistics',
    create: `CREATE TABLE \`call_statistics\` (\`id\` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, \`company_id\` BIGINT UNSIGNED NOT NULL,
      \`day\` DATE NOT NULL, \`calls\` INT NOT NULL DEFAULT 0, \`minutes\` INT NOT NULL DEFAULT 0,
      PRIMARY KEY (\`id\`, \`day\`), UNIQUE KEY \`call_statistics_company_id_day_unique\` (\`company_id\`, \`day\`))
      ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
      PARTITION BY RANGE (YEAR(\`day\`)) (PARTITION p2024 VALUES LESS THAN (2025), PARTITION p2025 VALUES LESS THAN (2026),
        PARTITION later VALUES LESS THAN MAXVALUE)`,
    fill: `INSERT INTO \`call_statistics\` (\`company_id\`, \`day\`, \`calls\`, \`minutes\`)
      SELECT \`company_id\`, DATE(\`started_at\`), COUNT(*), SUM(\`billable_minutes\`) FROM \`calls\`
      GROUP BY \`company_id\`, DATE(\`started_at\`) ORDER BY \`company_id\`, DATE(\`started_at\`)`,
  },
] as const;

/** Laravel's own table of what has been migrated (Illuminate\\Database\\Migrations\\DatabaseMigrationRepository). */
export const LARAVEL_TABLE = `CREATE TABLE \`migrations\` (\`id\` INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  \`migration\` VARCHAR(255) NOT NULL, \`batch\` INT NOT NULL)
  ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci`;
