import type { Session } from '../../src/mysql/connect.ts';

/**
 * Makes a database of so many tables of eight columns, with a primary key, two indexes and a foreign key each. Children
 * first, the parent last: with foreign keys unchecked that is faster than the other way round.
 */
export async function createTables(session: Session, database: string, tables: number): Promise<void> {
  await session.query(`DROP DATABASE IF EXISTS ${database}`);
  await session.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
  await session.query('SET foreign_key_checks = 0');
  for (let index = 1; index < tables; index++) {
    await session.query(
      `CREATE TABLE ${database}.t${index} (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, ` +
        'company_id bigint unsigned NOT NULL, name varchar(255) NOT NULL, email varchar(255), ' +
        "status enum('new', 'open', 'done') NOT NULL DEFAULT 'new', notes text, created_at timestamp NULL, " +
        'updated_at timestamp NULL, KEY company (company_id), KEY name_status (name(20), status), ' +
        `CONSTRAINT t${index}_company FOREIGN KEY (company_id) REFERENCES ${database}.t0 (id) ON DELETE CASCADE)`,
    );
  }
  await session.query(`CREATE TABLE ${database}.t0 (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, name varchar(255))`);
  await session.query('SET foreign_key_checks = 1');
}
