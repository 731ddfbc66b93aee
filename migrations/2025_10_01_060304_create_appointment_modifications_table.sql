-- migrate:check
-- A foreign key needs a parent of the same type: BIGINT(20) is what older servers call BIGINT.
SELECT wanted.name AS parent, wanted.type AS expected, id.column_type AS found
FROM (
  SELECT 'companies' AS name, 'bigint unsigned' AS type
  UNION ALL SELECT 'appointments', 'bigint unsigned'
  UNION ALL SELECT 'customers', 'bigint unsigned'
) AS wanted
LEFT JOIN information_schema.columns AS id
  ON id.table_schema = DATABASE() AND id.table_name = wanted.name AND id.column_name = 'id'
WHERE id.column_type IS NULL OR REPLACE(id.column_type, 'bigint(20)', 'bigint') <> wanted.type;

-- migrate:up
CREATE TABLE appointment_modifications (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  company_id BIGINT UNSIGNED NOT NULL,
  appointment_id BIGINT UNSIGNED NOT NULL,
  customer_id BIGINT UNSIGNED NOT NULL,
  modification_type ENUM('cancel', 'reschedule') NOT NULL,
  within_policy TINYINT(1) NOT NULL DEFAULT 1,
  fee_charged DECIMAL(10, 2) NOT NULL DEFAULT 0,
  reason TEXT NULL,
  modified_by_type VARCHAR(255) NULL,
  modified_by_id BIGINT UNSIGNED NULL,
  metadata JSON NULL,
  created_at TIMESTAMP NULL,
  updated_at TIMESTAMP NULL,
  deleted_at TIMESTAMP NULL,
  PRIMARY KEY (id),
  KEY idx_company (company_id),
  KEY idx_customer_mods_rolling (company_id, customer_id, modification_type, created_at),
  KEY idx_appointment_history (company_id, appointment_id, created_at),
  KEY idx_policy_compliance (company_id, within_policy, modification_type),
  KEY idx_fee_analysis (company_id, fee_charged, created_at),
  KEY idx_modified_by (modified_by_type, modified_by_id),
  CONSTRAINT appointment_modifications_company_id_foreign FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE,
  CONSTRAINT appointment_modifications_appointment_id_foreign FOREIGN KEY (appointment_id) REFERENCES appointments (id) ON DELETE CASCADE,
  CONSTRAINT appointment_modifications_customer_id_foreign FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- migrate:down
DROP TABLE appointment_modifications;

-- migrate:verify
-- Nothing may outlive the company it belongs to.
SELECT 'company_id must reference companies ON DELETE CASCADE' AS problem
FROM DUAL
WHERE NOT EXISTS (
  SELECT 1 FROM information_schema.referential_constraints
  WHERE constraint_schema = DATABASE()
    AND table_name = 'appointment_modifications'
    AND constraint_name = 'appointment_modifications_company_id_foreign'
    AND referenced_table_name = 'companies'
    AND delete_rule = 'CASCADE'
);
