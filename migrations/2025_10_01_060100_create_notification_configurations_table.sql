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
CREATE TABLE notification_configurations (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  company_id BIGINT UNSIGNED NOT NULL,
  configurable_type VARCHAR(255) NOT NULL,
  configurable_id BIGINT UNSIGNED NOT NULL,
  event_type VARCHAR(100) NOT NULL,
  channel ENUM('email', 'sms', 'whatsapp', 'push') NOT NULL,
  fallback_channel ENUM('email', 'sms', 'whatsapp', 'push', 'none') NULL,
  is_enabled TINYINT(1) NOT NULL DEFAULT 1,
  retry_count INT NOT NULL DEFAULT 3,
  retry_delay_minutes INT NOT NULL DEFAULT 5,
  template_override VARCHAR(255) NULL,
  metadata JSON NULL,
  created_at TIMESTAMP NULL,
  updated_at TIMESTAMP NULL,
  PRIMARY KEY (id),
  KEY notif_config_company_idx (company_id),
  KEY notif_config_lookup_idx (company_id, configurable_type, configurable_id, event_type, channel),
  KEY notif_config_event_enabled_idx (company_id, event_type, is_enabled),
  KEY notif_config_polymorphic_idx (configurable_type, configurable_id),
  UNIQUE KEY notif_config_unique_constraint (company_id, configurable_type, configurable_id, event_type, channel),
  CONSTRAINT notification_configurations_company_id_foreign FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- migrate:down
DROP TABLE notification_configurations;

-- migrate:verify
-- Nothing may outlive the company it belongs to.
SELECT 'company_id must reference companies ON DELETE CASCADE' AS problem
FROM DUAL
WHERE NOT EXISTS (
  SELECT 1 FROM information_schema.referential_constraints
  WHERE constraint_schema = DATABASE()
    AND table_name = 'notification_configurations'
    AND constraint_name = 'notification_configurations_company_id_foreign'
    AND referenced_table_name = 'companies'
    AND delete_rule = 'CASCADE'
);
