import type { GatewayTable } from './tables.ts';
import { companyName, email, firstName, hop, lastName, moment, phone, pick, sentence, title, uuid } from './values.ts';

/** A table that all others refer to, written out because its key or its columns are its own. */
export interface ParentTable extends GatewayTable {
  readonly create: string;
  /** Columns, and the expression of each over `n` and `company_id`. */
  readonly values: Readonly<Record<string, string>>;
}

const TIMESTAMPS = '`created_at` TIMESTAMP NULL, `updated_at` TIMESTAMP NULL, `deleted_at` TIMESTAMP NULL';
const OPTIONS = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci';

function tenant(table: string): string {
  return `KEY \`${table}_company_id_index\` (\`company_id\`), CONSTRAINT \`${table}_company_id_foreign\` FOREIGN KEY (\`company_id\`) REFERENCES \`companies\` (\`id\`) ON DELETE CASCADE`;
}

const created = { created_at: moment('created'), updated_at: moment('created') };
const deleted = (salt: string) => ({ deleted_at: `IF(${hop(50, salt)} = 0, ${moment(salt)}, NULL)` });

/** The six parent tables of gateway production. */
export function parentTables(companies: number): ParentTable[] {
  return [COMPANIES, BRANCHES, STAFF, SERVICES, CUSTOMERS, appointments(companies)];
}

const COMPANIES: ParentTable = {
  name: 'companies',
  isTenants: true,
  rowsEach: 1,
  columns: [],
  create: `CREATE TABLE \`companies\` (
    \`id\` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, \`name\` VARCHAR(255) NOT NULL,
    \`status\` VARCHAR(50) NOT NULL DEFAULT 'active', \`is_active\` TINYINT(1) NOT NULL DEFAULT 1,
    \`settings\` JSON NULL, ${TIMESTAMPS}, KEY \`companies_status_index\` (\`status\`)) ${OPTIONS}`,
  values: {
    id: 'n',
    name: companyName(),
    status: pick(['active', 'active', 'active', 'trial', 'suspended'], 'company'),
    is_active: `${hop(9, 'active')} > 0`,
    settings: `JSON_OBJECT('locale', 'de', 'seats', n)`,
    ...created,
  },
};

const BRANCHES: ParentTable = {
  name: 'branches',
  isTenants: true,
  rowsEach: 3,
  columns: [],
  create: `CREATE TABLE \`branches\` (\`id\` CHAR(36) NOT NULL PRIMARY KEY, \`company_id\` BIGINT UNSIGNED NOT NULL,
    \`name\` VARCHAR(255) NOT NULL, ${TIMESTAMPS}, ${tenant('branches')}) ${OPTIONS}`,
  values: {
    id: uuid('branches', 'n'),
    company_id: 'company_id',
    name: `CONCAT('Filiale ', ${pick(['Nord', 'Süd', 'Altstadt', 'Hafen'], 'branch')}, ' ', n)`,
    ...created,
    ...deleted('branch'),
  },
};

const STAFF: ParentTable = {
  name: 'staff',
  isTenants: true,
  rowsEach: 10,
  columns: [],
  create: `CREATE TABLE \`staff\` (\`id\` CHAR(36) NOT NULL PRIMARY KEY, \`company_id\` BIGINT UNSIGNED NOT NULL,
    \`name\` VARCHAR(255) NOT NULL, \`email\` VARCHAR(255) NULL, \`phone\` VARCHAR(50) NULL, ${TIMESTAMPS}, ${tenant('staff')}) ${OPTIONS}`,
  values: {
    id: uuid('staff', 'n'),
    company_id: 'company_id',
    name: `CONCAT(${firstName('staff')}, ' ', ${lastName('staff')})`,
    email: email('team'),
    phone: phone('staff'),
    ...created,
    ...deleted('staff'),
  },
};

const SERVICES: ParentTable = {
  name: 'services',
  isTenants: true,
  rowsEach: 14,
  columns: [],
  create: `CREATE TABLE \`services\` (\`id\` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, \`company_id\` BIGINT UNSIGNED NOT NULL,
    \`name\` VARCHAR(255) NOT NULL, \`duration\` INT NOT NULL DEFAULT 30, \`is_active\` TINYINT(1) NOT NULL DEFAULT 1,
    ${TIMESTAMPS}, ${tenant('services')}, CONSTRAINT \`services_duration_check\` CHECK (\`duration\` > 0)) ${OPTIONS}`,
  values: {
    id: 'n',
    company_id: 'company_id',
    name: title('service'),
    duration: `15 * (1 + ${hop(8, 'duration')})`,
    is_active: `${hop(9, 'service')} > 0`,
    ...created,
    ...deleted('service'),
  },
};

const CUSTOMERS: ParentTable = {
  name: 'customers',
  isTenants: true,
  rowsEach: 350,
  columns: [],
  create: `CREATE TABLE \`customers\` (\`id\` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, \`company_id\` BIGINT UNSIGNED NOT NULL,
    \`first_name\` VARCHAR(255) NOT NULL, \`last_name\` VARCHAR(255) NOT NULL, \`email\` VARCHAR(255) NULL, \`phone\` VARCHAR(50) NULL,
    ${TIMESTAMPS}, \`full_name\` VARCHAR(511) GENERATED ALWAYS AS (CONCAT(\`first_name\`, ' ', \`last_name\`)) VIRTUAL,
    KEY \`customers_company_id_phone_index\` (\`company_id\`, \`phone\`), ${tenant('customers')}) ${OPTIONS}`,
  values: {
    id: 'n',
    company_id: 'company_id',
    first_name: firstName('customer'),
    last_name: lastName('customer'),
    email: `IF(${hop(6, 'customer')} = 0, NULL, ${email('kunde')})`,
    phone: phone('customer'),
    ...created,
    ...deleted('customer'),
  },
};

/** Customer, service and member of staff of an appointment are of its own company. */
function appointments(companies: number): ParentTable {
  const peer = (table: ParentTable, shift: number) =>
    `(company_id + ${companies} * MOD((n - 1) DIV ${companies} * 7 + ${shift}, ${table.rowsEach}))`;
  return {
    name: 'appointments',
    isTenants: true,
    rowsEach: 900,
    columns: [],
    create: `CREATE TABLE \`appointments\` (\`id\` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, \`company_id\` BIGINT UNSIGNED NOT NULL,
      \`customer_id\` BIGINT UNSIGNED NOT NULL, \`service_id\` BIGINT UNSIGNED NULL, \`staff_id\` CHAR(36) NULL, \`date\` DATETIME NOT NULL,
      \`status\` VARCHAR(50) NOT NULL DEFAULT 'booked', \`notes\` TEXT NULL, ${TIMESTAMPS},
      KEY \`appointments_company_id_date_index\` (\`company_id\`, \`date\`), KEY \`appointments_staff_id_index\` (\`staff_id\`), ${tenant('appointments')},
      CONSTRAINT \`appointments_customer_id_foreign\` FOREIGN KEY (\`customer_id\`) REFERENCES \`customers\` (\`id\`) ON DELETE CASCADE,
      CONSTRAINT \`appointments_service_id_foreign\` FOREIGN KEY (\`service_id\`) REFERENCES \`services\` (\`id\`) ON DELETE SET NULL) ${OPTIONS}`,
    values: {
      id: 'n',
      company_id: 'company_id',
      customer_id: peer(CUSTOMERS, 1),
      service_id: peer(SERVICES, 2),
      staff_id: uuid('staff', peer(STAFF, 3)),
      date: moment('appointment'),
      status: pick(['booked', 'confirmed', 'done', 'done', 'cancelled', 'no_show'], 'appointment'),
      notes: `IF(${hop(3, 'appointment')} = 0, ${sentence('appointment')}, NULL)`,
      ...created,
      ...deleted('appointment'),
    },
  };
}
