-- migrate:check
-- A foreign key needs a parent of the same type: BIGINT(20) is what older servers call BIGINT.
SELECT wanted.name AS parent, wanted.type AS expected, id.column_type AS found
FROM (
  SELECT 'companies' AS name, 'bigint unsigned' AS type
  UNION ALL SELECT 'customers', 'bigint unsigned'
) AS wanted
LEFT JOIN information_schema.columns AS id
  ON id.table_schema = DATABASE() AND id.table_name = wanted.name AND id.column_name = 'id'
WHERE id.column_type IS NULL OR REPLACE(id.column_type, 'bigint(20)', 'bigint') <> wanted.type;

-- migrate:up
CREATE TABLE appointment_modification_stats (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  company_id BIGINT UNSIGNED NOT NULL,
  customer_id BIGINT UNSIGNED NOT NULL,
  stat_type ENUM('cancellation_count', 'reschedule_count') NOT NULL,
  period_start DATE NOT NULL,
  period_end DATE NOT NULL,
  `count` INT NOT NULL DEFAULT 0,
  calculated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  created_at TIMESTAMP NULL,
  updated_at TIMESTAMP NULL,
  PRIMARY KEY (id),
  KEY idx_company (company_id),
  KEY idx_customer_stats_lookup (company_id, customer_id, stat_type, period_start),
  KEY idx_cleanup_old_stats (company_id, period_end, calculated_at),
  KEY idx_stale_stats (company_id, calculated_at, stat_type),
  UNIQUE KEY unique_customer_stat_period (company_id, customer_id, stat_type, period_start),
  CONSTRAINT appointment_modification_stats_company_id_foreign FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE,
  CONSTRAINT appointment_modification_stats_customer_id_foreign FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- migrate:down
DROP TABLE appointment_modification_stats;

-- migrate:verify
-- Nothing may outlive the company it belongs to.
SELECT 'company_id must reference companies ON DELETE CASCADE' AS problem
FROM DUAL
WHERE NOT EXISTS (
  SELECT 1 FROM information_schema.referential_constraints
  WHERE constraint_schema = DATABASE()
    AND table_name = 'appointment_modification_stats'
    AND constraint_name = 'appointment_modification_stats_company_id_foreign'
    AND referenced_table_name = 'companies'
    AND delete_rule = 'CASCADE'
);
