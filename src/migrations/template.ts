/** A migration's first text: the sections, with an example of each in comments. */
export function migrationText(name: string): string {
  return `-- ${name}

-- migrate:up
-- CREATE TABLE example_orders (
--   id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
--   company_id BIGINT UNSIGNED NOT NULL,
--   CONSTRAINT example_orders_company_id_foreign
--     FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE
-- );

-- migrate:down
-- DROP TABLE example_orders;

-- migrate:check
-- Queries that must return no row before it starts.
-- SELECT id FROM companies WHERE name IS NULL;

-- migrate:verify
-- Queries that must return no row after it.
-- SELECT id FROM example_orders WHERE company_id NOT IN (SELECT id FROM companies);
`;
}

/** Nothing but that, as `new` has written it. */
export function isUnwritten(text: string): boolean {
  return text.includes('-- CREATE TABLE example_orders (');
}
