-- migrate:check
-- A foreign key needs a parent of the same type: BIGINT(20) is what older servers call BIGINT.
SELECT wanted.name AS parent, wanted.type AS expected, id.column_type AS found
FROM (
  SELECT 'companies' AS name, 'bigint unsigned' AS type
  UNION ALL SELECT 'staff', 'char(36)'
) AS wanted
LEFT JOIN information_schema.columns AS id
  ON id.table_schema = DATABASE() AND id.table_name = wanted.name AND id.column_name = 'id'
WHERE id.column_type IS NULL OR REPLACE(id.column_type, 'bigint(20)', 'bigint') <> wanted.type;

-- migrate:up
CREATE TABLE callback_escalations (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  company_id BIGINT UNSIGNED NOT NULL,
  callback_request_id BIGINT UNSIGNED NOT NULL,
  escalation_reason ENUM('sla_breach', 'manual_escalation', 'multiple_attempts_failed') NOT NULL,
  escalated_from CHAR(36) NULL,
  escalated_to CHAR(36) NULL,
  escalated_at TIMESTAMP NOT NULL,
  resolved_at TIMESTAMP NULL,
  resolution_notes TEXT NULL,
  metadata JSON NULL,
  created_at TIMESTAMP NULL,
  updated_at TIMESTAMP NULL,
  PRIMARY KEY (id),
  KEY idx_company (company_id),
  KEY idx_company_callback (company_id, callback_request_id),
  KEY idx_escalated_to_resolved (company_id, escalated_to, resolved_at),
  KEY idx_company_reason (company_id, escalation_reason),
  KEY idx_company_escalated (company_id, escalated_at),
  CONSTRAINT callback_escalations_company_id_foreign FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE,
  CONSTRAINT callback_escalations_callback_request_id_foreign FOREIGN KEY (callback_request_id) REFERENCES callback_requests (id) ON DELETE CASCADE,
  CONSTRAINT callback_escalations_escalated_from_foreign FOREIGN KEY (escalated_from) REFERENCES staff (id) ON DELETE SET NULL,
  CONSTRAINT callback_escalations_escalated_to_foreign FOREIGN KEY (escalated_to) REFERENCES staff (id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- migrate:down
DROP TABLE callback_escalations;

-- migrate:verify
-- Nothing may outlive the company it belongs to.
SELECT 'company_id must reference companies ON DELETE CASCADE' AS problem
FROM DUAL
WHERE NOT EXISTS (
  SELECT 1 FROM information_schema.referential_constraints
  WHERE constraint_schema = DATABASE()
    AND table_name = 'callback_escalations'
    AND constraint_name = 'callback_escalations_company_id_foreign'
    AND referenced_table_name = 'companies'
    AND delete_rule = 'CASCADE'
);
