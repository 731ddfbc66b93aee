-- migrate:check
-- A foreign key needs a parent of the same type: BIGINT(20) is what older servers call BIGINT.
SELECT wanted.name AS parent, wanted.type AS expected, id.column_type AS found
FROM (
  SELECT 'companies' AS name, 'bigint unsigned' AS type
  UNION ALL SELECT 'customers', 'bigint unsigned'
  UNION ALL SELECT 'branches', 'char(36)'
  UNION ALL SELECT 'services', 'bigint unsigned'
  UNION ALL SELECT 'staff', 'char(36)'
) AS wanted
LEFT JOIN information_schema.columns AS id
  ON id.table_schema = DATABASE() AND id.table_name = wanted.name AND id.column_name = 'id'
WHERE id.column_type IS NULL OR REPLACE(id.column_type, 'bigint(20)', 'bigint') <> wanted.type;

-- migrate:up
CREATE TABLE callback_requests (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  company_id BIGINT UNSIGNED NOT NULL,
  customer_id BIGINT UNSIGNED NULL,
  branch_id CHAR(36) NOT NULL,
  service_id BIGINT UNSIGNED NULL,
  staff_id CHAR(36) NULL,
  phone_number VARCHAR(50) NOT NULL,
  customer_name VARCHAR(255) NOT NULL,
  preferred_time_window JSON NULL,
  priority ENUM('normal', 'high', 'urgent') NOT NULL DEFAULT 'normal',
  status ENUM('pending', 'assigned', 'contacted', 'completed', 'expired', 'cancelled') NOT NULL DEFAULT 'pending',
  assigned_to CHAR(36) NULL,
  assigned_at TIMESTAMP NULL,
  contacted_at TIMESTAMP NULL,
  completed_at TIMESTAMP NULL,
  expires_at TIMESTAMP NOT NULL,
  notes TEXT NULL,
  metadata JSON NULL,
  created_at TIMESTAMP NULL,
  updated_at TIMESTAMP NULL,
  deleted_at TIMESTAMP NULL,
  PRIMARY KEY (id),
  KEY idx_company (company_id),
  KEY idx_status_priority_expires (company_id, status, priority, expires_at),
  KEY idx_assigned_status (company_id, assigned_to, status),
  KEY idx_company_customer (company_id, customer_id),
  KEY callback_requests_branch_id_index (branch_id),
  KEY idx_company_created (company_id, created_at),
  CONSTRAINT callback_requests_company_id_foreign FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE,
  CONSTRAINT callback_requests_customer_id_foreign FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE SET NULL,
  CONSTRAINT callback_requests_branch_id_foreign FOREIGN KEY (branch_id) REFERENCES branches (id) ON DELETE CASCADE,
  CONSTRAINT callback_requests_service_id_foreign FOREIGN KEY (service_id) REFERENCES services (id) ON DELETE SET NULL,
  CONSTRAINT callback_requests_staff_id_foreign FOREIGN KEY (staff_id) REFERENCES staff (id) ON DELETE SET NULL,
  CONSTRAINT callback_requests_assigned_to_foreign FOREIGN KEY (assigned_to) REFERENCES staff (id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- migrate:down
DROP TABLE callback_requests;

-- migrate:verify
-- Nothing may outlive the company it belongs to.
SELECT 'company_id must reference companies ON DELETE CASCADE' AS problem
FROM DUAL
WHERE NOT EXISTS (
  SELECT 1 FROM information_schema.referential_constraints
  WHERE constraint_schema = DATABASE()
    AND table_name = 'callback_requests'
    AND constraint_name = 'callback_requests_company_id_foreign'
    AND referenced_table_name = 'companies'
    AND delete_rule = 'CASCADE'
);
