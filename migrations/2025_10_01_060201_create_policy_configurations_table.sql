-- migrate:check
-- A foreign key needs a parent of the same type: BIGINT(20) is what older servers call BIGINT.
SELECT wanted.name AS parent, wanted.type AS expected, id.column_type AS found
FROM (
  SELECT 'companies' AS name, 'bigint unsigned' AS type
) AS wanted
LEFT JOIN information_schema.columns AS id
  ON id.table_schema = DATABASE() AND id.table_name = wanted.name AND id.column_name = 'id'
WHERE id.column_type IS NULL OR REPLACE(id.column_type, 'bigint(20)', 'bigint') <> wanted.type;

-- migrate:up
CREATE TABLE policy_configurations (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  company_id BIGINT UNSIGNED NOT NULL,
  configurable_type VARCHAR(255) NOT NULL,
  configurable_id VARCHAR(255) NOT NULL,
  policy_type ENUM('cancellation', 'reschedule', 'recurring') NOT NULL,
  config JSON NOT NULL,
  is_override TINYINT(1) NOT NULL DEFAULT 0,
  overrides_id BIGINT UNSIGNED NULL,
  created_at TIMESTAMP NULL,
  updated_at TIMESTAMP NULL,
  deleted_at TIMESTAMP NULL,
  PRIMARY KEY (id),
  KEY idx_company (company_id),
  KEY idx_polymorphic_config (company_id, configurable_type, configurable_id),
  KEY idx_policy_type (company_id, policy_type),
  KEY idx_override_chain (is_override, overrides_id),
  UNIQUE KEY unique_policy_per_entity (company_id, configurable_type, configurable_id, policy_type, deleted_at),
  CONSTRAINT policy_configurations_company_id_foreign FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE,
  CONSTRAINT policy_configurations_overrides_id_foreign FOREIGN KEY (overrides_id) REFERENCES policy_configurations (id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- migrate:down
DROP TABLE policy_configurations;

-- migrate:verify
-- Nothing may outlive the company it belongs to.
SELECT 'company_id must reference companies ON DELETE CASCADE' AS problem
FROM DUAL
WHERE NOT EXISTS (
  SELECT 1 FROM information_schema.referential_constraints
  WHERE constraint_schema = DATABASE()
    AND table_name = 'policy_configurations'
    AND constraint_name = 'policy_configurations_company_id_foreign'
    AND referenced_table_name = 'companies'
    AND delete_rule = 'CASCADE'
);
