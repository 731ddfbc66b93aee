/** Views, routines, triggers and events of the sample gateway, one statement each, in the order of their creation. */
export const VIEWS = [
  `CREATE VIEW \`active_customers\` AS
    SELECT c.id, c.company_id, c.full_name, c.phone, c.email FROM customers c WHERE c.deleted_at IS NULL`,
  `CREATE VIEW \`upcoming_appointments\` AS
    SELECT a.id, a.company_id, a.date, a.status, c.full_name AS customer, s.name AS service, t.name AS staff
    FROM appointments a JOIN active_customers c ON c.id = a.customer_id
    LEFT JOIN services s ON s.id = a.service_id LEFT JOIN staff t ON t.id = a.staff_id WHERE a.deleted_at IS NULL`,
  `CREATE VIEW \`company_revenue\` AS
    SELECT company_id, SUM(total) AS revenue, COUNT(*) AS invoices FROM invoices WHERE status = 'paid' GROUP BY company_id`,
  `CREATE VIEW \`call_volume_by_day\` AS
    SELECT company_id, DATE(started_at) AS day, direction, COUNT(*) AS calls, SUM(billable_minutes) AS minutes
    FROM calls GROUP BY company_id, DATE(started_at), direction`,
  `CREATE VIEW \`failed_deliveries\` AS
    SELECT d.id, d.company_id, e.kind, d.status_code, d.attempt FROM webhook_deliveries d
    JOIN webhook_events e ON e.id = d.webhook_event_id WHERE d.status_code >= 400`,
  `CREATE VIEW \`trial_companies\` AS
    SELECT id, name, status FROM companies WHERE status = 'trial' WITH CASCADED CHECK OPTION`,
] as const;

export const ROUTINES = [
  `CREATE FUNCTION \`customer_label\`(customer BIGINT UNSIGNED) RETURNS VARCHAR(600) CHARSET utf8mb4 READS SQL DATA
  BEGIN
    DECLARE label VARCHAR(600) CHARACTER SET utf8mb4;
    SELECT CONCAT(full_name, ' (', COALESCE(phone, '?'), ')') INTO label FROM customers WHERE id = customer;
    RETURN label;
  END`,
  `CREATE FUNCTION \`gross\`(net DECIMAL(12,2), rate DECIMAL(5,2)) RETURNS DECIMAL(12,2) DETERMINISTIC
    RETURN ROUND(net * (1 + rate / 100), 2)`,
  `CREATE FUNCTION \`open_invoices\`(company BIGINT UNSIGNED) RETURNS INT READS SQL DATA
    RETURN (SELECT COUNT(*) FROM invoices WHERE company_id = company AND status = 'open')`,
  `CREATE PROCEDURE \`refresh_daily_statistics\`(IN company BIGINT UNSIGNED, IN from_day DATE)
  BEGIN
    DELETE FROM daily_statistics WHERE company_id = company AND day >= from_day;
    INSERT INTO daily_statistics (company_id, day, calls, appointments, revenue)
      SELECT company, DATE(started_at), COUNT(*), 0, SUM(cost) FROM calls
      WHERE company_id = company AND started_at >= from_day GROUP BY DATE(started_at);
  END`,
  `CREATE PROCEDURE \`anonymise_customer\`(IN customer BIGINT UNSIGNED)
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
    START TRANSACTION;
    UPDATE customers SET first_name = '—', last_name = '—', email = NULL, phone = NULL WHERE id = customer;
    DELETE FROM customer_notes WHERE customer_id = customer; -- one delimiter; two statements
    COMMIT;
  END`,
  `CREATE PROCEDURE \`expire_locks\`()
    DELETE FROM appointment_locks WHERE held_until < NOW()`,
] as const;

export const TRIGGERS = [
  `CREATE TRIGGER \`customers_email_lower\` BEFORE INSERT ON \`customers\` FOR EACH ROW SET NEW.email = LOWER(NEW.email)`,
  `CREATE TRIGGER \`appointments_status_history\` AFTER UPDATE ON \`appointments\` FOR EACH ROW
  BEGIN
    IF NEW.status <> OLD.status THEN
      INSERT INTO appointment_status_changes (company_id, appointment_id, from_status, to_status, changed_at)
        VALUES (NEW.company_id, NEW.id, LEFT(OLD.status, 30), LEFT(NEW.status, 30), NOW());
    END IF;
  END`,
  `CREATE TRIGGER \`invoices_keep_paid\` BEFORE DELETE ON \`invoices\` FOR EACH ROW
  BEGIN
    IF OLD.status = 'paid' THEN
      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a paid invoice cannot be deleted';
    END IF;
  END`,
  `CREATE TRIGGER \`products_stock\` AFTER INSERT ON \`product_stock_movements\` FOR EACH ROW
    UPDATE products SET stock = stock + NEW.quantity WHERE id = NEW.product_id`,
  `CREATE TRIGGER \`companies_defaults\` BEFORE INSERT ON \`companies\` FOR EACH ROW
    SET NEW.settings = COALESCE(NEW.settings, JSON_OBJECT('locale', 'de'))`,
] as const;

export const EVENTS = [
  `CREATE EVENT \`expire_locks_hourly\` ON SCHEDULE EVERY 1 HOUR STARTS '2025-01-01 00:10:00' COMMENT 'Frees slots that nobody booked'
    DO CALL expire_locks()`,
  `CREATE EVENT \`prune_audit_logs\` ON SCHEDULE EVERY 1 DAY STARTS '2025-01-01 03:30:00' DISABLE
    DO DELETE FROM audit_logs WHERE occurred_at < NOW() - INTERVAL 10 YEAR`,
  `CREATE EVENT \`prune_rate_limits\` ON SCHEDULE EVERY 1 WEEK STARTS '2025-01-05 04:00:00'
    DO BEGIN
      DELETE FROM rate_limit_hits WHERE window_starts_at < NOW() - INTERVAL 10 YEAR;
      DELETE FROM health_checks WHERE checked_at < NOW() - INTERVAL 10 YEAR;
    END`,
] as const;
