/** What each tool leaves in a database of which it has applied a first and a second migration, but not a third. */
interface Left {
  /** As the tool's own CREATE TABLE has it; rows as it writes them. */
  readonly sql: string;
  /** Names of its migrations, as base names of ours. */
  readonly files: readonly [string, string, string];
  readonly table: string;
}

const DATED = ['20240101120000_items', '20240102120000_cents', '20240103120000_carts'] as const;
const NUMBERED = ['1_items', '2_cents', '10_carts'] as const;
const LARAVEL = ['2024_01_01_120000_items', '2024_01_02_120000_cents', '2024_01_03_120000_carts'] as const;

export const LEFT: Readonly<Record<string, Left>> = {
  dbmate: {
    table: 'schema_migrations',
    files: DATED,
    sql: `CREATE TABLE schema_migrations (version VARCHAR(128) PRIMARY KEY);
      INSERT INTO schema_migrations VALUES ('20240101120000'), ('20240102120000')`,
  },
  'golang-migrate': {
    table: 'schema_migrations',
    files: NUMBERED,
    sql: `CREATE TABLE schema_migrations (version BIGINT NOT NULL PRIMARY KEY, dirty BOOLEAN NOT NULL);
      INSERT INTO schema_migrations VALUES (2, 0)`,
  },
  flyway: {
    table: 'flyway_schema_history',
    files: NUMBERED,
    sql: `CREATE TABLE flyway_schema_history (installed_rank INT NOT NULL PRIMARY KEY, version VARCHAR(50),
        description VARCHAR(200) NOT NULL, type VARCHAR(20) NOT NULL, script VARCHAR(1000) NOT NULL, checksum INT,
        installed_by VARCHAR(100) NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
        execution_time INT NOT NULL, success BOOL NOT NULL);
      INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, installed_by, execution_time, success)
      VALUES (1, '1', 'items', 'BASELINE', 'items', 'me', 1, 1), (2, '2', 'cents', 'SQL', 'V2__cents.sql', 'me', 1, 0),
        (3, '2', 'cents', 'SQL', 'V2__cents.sql', 'me', 1, 1), (4, '10', 'carts', 'SQL', 'V10__carts.sql', 'me', 1, 1),
        (5, '10', 'carts', 'UNDO_SQL', 'U10__carts.sql', 'me', 1, 1), (6, NULL, 'view', 'SQL', 'R__view.sql', 'me', 1, 1)`,
  },
  liquibase: {
    table: 'DATABASECHANGELOG',
    files: DATED,
    sql: `CREATE TABLE DATABASECHANGELOG (ID VARCHAR(255) NOT NULL, AUTHOR VARCHAR(255) NOT NULL, FILENAME VARCHAR(255) NOT NULL,
        DATEEXECUTED DATETIME NOT NULL, ORDEREXECUTED INT NOT NULL, EXECTYPE VARCHAR(10) NOT NULL, MD5SUM VARCHAR(35));
      INSERT INTO DATABASECHANGELOG VALUES
        ('raw', 'me', 'db/changelog/20240101120000_items.sql', NOW(), 1, 'EXECUTED', '9:aa'),
        ('20240102120000_cents', 'me', 'db/changelog.xml', NOW(), 2, 'EXECUTED', '9:bb')`,
  },
  laravel: {
    table: 'migrations',
    files: LARAVEL,
    sql: `CREATE TABLE migrations (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, migration VARCHAR(255) NOT NULL, batch INT NOT NULL);
      INSERT INTO migrations (migration, batch) VALUES ('2024_01_01_120000_items', 1), ('2024_01_02_120000_cents', 1)`,
  },
  knex: {
    table: 'knex_migrations',
    files: DATED,
    sql: `CREATE TABLE knex_migrations (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255), batch INT,
        migration_time TIMESTAMP NULL);
      INSERT INTO knex_migrations (name, batch, migration_time) VALUES
        ('20240101120000_items.js', 1, NOW()), ('20240102120000_cents.ts', 1, NOW())`,
  },
  prisma: {
    table: '_prisma_migrations',
    files: DATED,
    sql: `CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY, checksum VARCHAR(64) NOT NULL, finished_at DATETIME(3),
        migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at DATETIME(3),
        started_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), applied_steps_count INT UNSIGNED NOT NULL DEFAULT 0);
      INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, rolled_back_at) VALUES
        ('a', 'x', '20240101120000_items', '2024-01-01', '2024-01-01', NULL),
        ('b', 'x', '20240102120000_cents', '2024-01-02', NULL, '2024-01-02'),
        ('c', 'x', '20240102120000_cents', '2024-01-03', '2024-01-03', NULL)`,
  },
  goose: {
    table: 'goose_db_version',
    files: NUMBERED,
    sql: `CREATE TABLE goose_db_version (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, version_id BIGINT NOT NULL,
        is_applied BOOLEAN NOT NULL, tstamp TIMESTAMP NULL DEFAULT NOW());
      INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1), (1, 1), (2, 1), (10, 1), (10, 0)`,
  },
  sequelize: {
    table: 'SequelizeMeta',
    files: DATED,
    sql: `CREATE TABLE SequelizeMeta (name VARCHAR(255) NOT NULL PRIMARY KEY);
      INSERT INTO SequelizeMeta VALUES ('20240101120000_items.js'), ('20240102120000_cents.js')`,
  },
};

/** What production holds after the first and the second: prices in cents, once. */
export const PRODUCTION = `CREATE TABLE items (id INT PRIMARY KEY, amount BIGINT NOT NULL);
  INSERT INTO items VALUES (1, 1995)`;

/** The texts of the three. */
export const TEXTS = [
  ['CREATE TABLE items (id INT PRIMARY KEY, amount BIGINT NOT NULL)', 'DROP TABLE items'],
  ['UPDATE items SET amount = amount * 100', 'UPDATE items SET amount = amount / 100'],
  ['CREATE TABLE carts (id INT PRIMARY KEY)', 'DROP TABLE carts'],
] as const;

export function filesOf(tool: string): Record<string, string> {
  const names = LEFT[tool]?.files ?? [];
  return Object.fromEntries(
    names.map((name, index) => {
      const [up, down] = TEXTS[index] ?? ['', ''];
      return [`${name}.sql`, `-- migrate:up\n${up};\n-- migrate:down\n${down};\n`];
    }),
  );
}
