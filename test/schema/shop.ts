import type { ServerKind } from '../support/installed.ts';

/** A small schema with one of everything. Tables may be made in any order while foreign keys are not checked. */
export const TABLES = [
  'CREATE TABLE companies (id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(100) NOT NULL)',
  `CREATE TABLE orders (
    id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
    company_id bigint unsigned NOT NULL,
    code varchar(40) NOT NULL DEFAULT 'it''s',
    note varchar(200) DEFAULT NULL COMMENT 'a note',
    status enum('new','paid') NOT NULL DEFAULT 'new',
    amount decimal(10,2) NOT NULL DEFAULT 0,
    doubled decimal(11,2) GENERATED ALWAYS AS (amount * 2) VIRTUAL,
    extra json DEFAULT NULL,
    made_at timestamp NULL DEFAULT CURRENT_TIMESTAMP,
    KEY ix_company_status (company_id, status),
    KEY ix_code (code(10)),
    FULLTEXT KEY ft_note (note),
    CONSTRAINT orders_company FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE,
    CONSTRAINT amount_positive CHECK (amount >= 0)
  ) COMMENT 'all orders'`,
  'CREATE TABLE places (id int PRIMARY KEY, at point NOT NULL, SPATIAL KEY sp (at))',
  `CREATE TABLE visits (id int NOT NULL, day int NOT NULL, PRIMARY KEY (id, day))
    PARTITION BY RANGE (day) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))`,
] as const;

export const ROUTINES = [
  'CREATE FUNCTION twice(n int) RETURNS int DETERMINISTIC RETURN n * 2',
  "CREATE PROCEDURE greet(IN who varchar(20), OUT said varchar(40)) COMMENT 'polite' SET said = CONCAT('hi ', who)",
] as const;

/** Independent of one another. */
export const DEPENDENTS = [
  "CREATE VIEW paid AS SELECT id, company_id, twice(id) AS twin FROM orders WHERE status = 'paid'",
  'CREATE TRIGGER first_in BEFORE INSERT ON orders FOR EACH ROW SET NEW.code = UPPER(NEW.code)',
  'CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM orders WHERE id = 0',
] as const;

/** Indexes that may be added in any order. */
export const INDEXES = ['ALTER TABLE visits ADD INDEX a (day)', 'ALTER TABLE visits ADD INDEX b (id)'] as const;

/** Must come after `first_in`. */
export const SECOND_TRIGGER =
  'CREATE TRIGGER second_in BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = TRIM(NEW.note)';

export const SHOP = [...TABLES, ...INDEXES, ...ROUTINES, ...DEPENDENTS, SECOND_TRIGGER];

/** One kind of change, its inverse, what it touches, and what a difference must show. */
export interface Mutation {
  readonly title: string;
  readonly apply: readonly string[];
  readonly revert: readonly string[];
  readonly objects: readonly string[];
  readonly shows: RegExp;
  readonly only?: ServerKind;
}

function alter(
  title: string,
  table: string,
  apply: string,
  revert: string,
  shows: RegExp,
  only?: ServerKind,
): Mutation {
  return {
    title,
    apply: [`ALTER TABLE ${table} ${apply}`],
    revert: [`ALTER TABLE ${table} ${revert}`],
    objects: [`table:${table}`],
    shows,
    ...(only ? { only } : {}),
  };
}

function replaced(object: string, title: string, create: string, changed: string, shows: RegExp): Mutation {
  const [kind = '', name] = object.split(':');
  const drop = `DROP ${kind.toUpperCase()} ${name}`;
  return { title, apply: [drop, changed], revert: [drop, create], objects: [object], shows };
}

const [TWICE, GREET] = ROUTINES;
const [PAID, , NIGHTLY] = DEPENDENTS;

const COLUMN_MUTATIONS: readonly Mutation[] = [
  alter(
    'a column added',
    'companies',
    'ADD COLUMN city varchar(9)',
    'DROP COLUMN city',
    /^\+ column `city` varchar\(9\)/,
  ),
  alter(
    'a type',
    'companies',
    'MODIFY name varchar(101) NOT NULL',
    'MODIFY name varchar(100) NOT NULL',
    /^- column `name` varchar\(100\)/,
  ),
  alter(
    'an integer made larger',
    'visits',
    'MODIFY id bigint NOT NULL',
    'MODIFY id int NOT NULL',
    /^\+ column `id` bigint/,
  ),
  alter('a sign', 'places', 'MODIFY id int unsigned', 'MODIFY id int', /^\+ column `id` int unsigned/),
  alter(
    'an enum value',
    'orders',
    "MODIFY status enum('new','paid','late') NOT NULL DEFAULT 'new'",
    "MODIFY status enum('new','paid') NOT NULL DEFAULT 'new'",
    /^\+ column `status` enum\('new','paid','late'\)/,
  ),
  alter(
    'nullability',
    'companies',
    'MODIFY name varchar(100) NULL',
    'MODIFY name varchar(100) NOT NULL',
    /^\+ column `name` varchar\(100\) null/,
  ),
  alter(
    'a default',
    'orders',
    "ALTER status SET DEFAULT 'paid'",
    "ALTER status SET DEFAULT 'new'",
    /^\+ column `status` .*default 'paid'/,
  ),
  alter(
    'a default gone',
    'orders',
    'ALTER code DROP DEFAULT',
    "ALTER code SET DEFAULT 'it''s'",
    /^- column `code` .*default 'it''s'/,
  ),
  alter(
    'a default that says NULL',
    'orders',
    "ALTER note SET DEFAULT 'NULL'",
    'ALTER note SET DEFAULT NULL',
    /^\+ column `note` .*default 'NULL'/,
  ),
  alter(
    'an empty default',
    'orders',
    "ALTER note SET DEFAULT ''",
    'ALTER note SET DEFAULT NULL',
    /^\+ column `note` .*default ''/,
  ),
  alter(
    'a default of now',
    'orders',
    'MODIFY made_at timestamp NULL',
    'MODIFY made_at timestamp NULL DEFAULT CURRENT_TIMESTAMP',
    /^- column `made_at` .*default current_timestamp/i,
  ),
  alter(
    'on update',
    'orders',
    'MODIFY made_at timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP',
    'MODIFY made_at timestamp NULL DEFAULT CURRENT_TIMESTAMP',
    /^\+ column `made_at` .*on update current_timestamp/i,
  ),
  alter(
    'a comment',
    'orders',
    "MODIFY note varchar(200) COMMENT 'it''s\\nnew'",
    "MODIFY note varchar(200) COMMENT 'a note'",
    /^\+ column `note` .*comment 'it''s\\nnew'/,
  ),
  alter(
    'a collation',
    'companies',
    'MODIFY name varchar(100) COLLATE utf8mb4_bin NOT NULL',
    'MODIFY name varchar(100) NOT NULL',
    /^\+ column `name` .*collate utf8mb4_bin/,
  ),
  alter(
    'auto_increment',
    'places',
    'MODIFY id int AUTO_INCREMENT',
    'MODIFY id int',
    /^\+ column `id` .*auto_increment/,
  ),
  alter(
    'a generated expression',
    'orders',
    'MODIFY doubled decimal(11,2) GENERATED ALWAYS AS (amount * 3) VIRTUAL',
    'MODIFY doubled decimal(11,2) GENERATED ALWAYS AS (amount * 2) VIRTUAL',
    /^\+ column `doubled` .*`amount` \* 3/,
  ),
  alter(
    'the order of columns',
    'orders',
    "MODIFY note varchar(200) COMMENT 'a note' AFTER id",
    "MODIFY note varchar(200) COMMENT 'a note' AFTER code",
    /^\+ column `note`/,
  ),
  alter('a name', 'companies', 'RENAME COLUMN name TO title', 'RENAME COLUMN title TO name', /^\+ column `title`/),
  alter(
    'an invisible column',
    'orders',
    "MODIFY note varchar(200) INVISIBLE COMMENT 'a note'",
    "MODIFY note varchar(200) COMMENT 'a note'",
    /^\+ column `note` .*invisible/i,
  ),
  {
    title: 'a spatial reference',
    apply: ['ALTER TABLE places DROP INDEX sp', 'ALTER TABLE places MODIFY at point NOT NULL SRID 4326'],
    revert: ['ALTER TABLE places MODIFY at point NOT NULL', 'ALTER TABLE places ADD SPATIAL INDEX sp (at)'],
    objects: ['table:places'],
    shows: /^\+ column `at` point not null srid 4326/,
    only: 'mysql',
  },
];

const INDEX_MUTATIONS: readonly Mutation[] = [
  alter(
    'the order in an index',
    'orders',
    'DROP INDEX ix_company_status, ADD INDEX ix_company_status (status, company_id), ADD INDEX ix_fk (company_id)',
    'DROP INDEX ix_company_status, DROP INDEX ix_fk, ADD INDEX ix_company_status (company_id, status)',
    /^\+ index `ix_company_status` \(`status`, `company_id`\)/,
  ),
  alter(
    'a prefix length',
    'orders',
    'DROP INDEX ix_code, ADD INDEX ix_code (code(11))',
    'DROP INDEX ix_code, ADD INDEX ix_code (code(10))',
    /^\+ index `ix_code` \(`code`\(11\)\)/,
  ),
  alter(
    'uniqueness',
    'orders',
    'DROP INDEX ix_code, ADD UNIQUE ix_code (code(10))',
    'DROP INDEX ix_code, ADD INDEX ix_code (code(10))',
    /^\+ unique index `ix_code`/,
  ),
  alter(
    'a direction',
    'visits',
    'DROP INDEX a, ADD INDEX a (day DESC)',
    'DROP INDEX a, ADD INDEX a (day)',
    /^\+ index `a` \(`day` desc\)/,
  ),
  alter(
    'an index comment',
    'visits',
    "DROP INDEX a, ADD INDEX a (day) COMMENT 'x'",
    'DROP INDEX a, ADD INDEX a (day)',
    /^\+ index `a` .*comment 'x'/,
  ),
  alter(
    'an invisible index',
    'visits',
    'ALTER INDEX a INVISIBLE',
    'ALTER INDEX a VISIBLE',
    /^\+ index `a` \(`day`\) invisible/,
    'mysql',
  ),
  alter(
    'an ignored index',
    'visits',
    'ALTER INDEX a IGNORED',
    'ALTER INDEX a NOT IGNORED',
    /^\+ index `a` \(`day`\) invisible/,
    'mariadb',
  ),
  alter(
    'an index on an expression',
    'visits',
    'ADD INDEX e ((day + 1))',
    'DROP INDEX e',
    /^\+ index `e` \(\(\(`day` \+ 1\)\)\)/,
    'mysql',
  ),
  alter(
    'a full-text index',
    'orders',
    'DROP INDEX ft_note',
    'ADD FULLTEXT INDEX ft_note (note)',
    /^- fulltext index `ft_note`/,
  ),
  {
    // In one ALTER with the DROP, MySQL keeps the old index and its parser.
    title: 'a full-text parser',
    apply: [
      'ALTER TABLE orders DROP INDEX ft_note',
      'ALTER TABLE orders ADD FULLTEXT INDEX ft_note (note) WITH PARSER ngram',
    ],
    revert: ['ALTER TABLE orders DROP INDEX ft_note', 'ALTER TABLE orders ADD FULLTEXT INDEX ft_note (note)'],
    objects: ['table:orders'],
    shows: /^\+ written .*WITH PARSER `ngram`/,
    only: 'mysql',
  },
  alter('a spatial index', 'places', 'DROP INDEX sp', 'ADD SPATIAL INDEX sp (at)', /^- spatial index `sp`/),
  alter(
    'a primary key',
    'visits',
    'DROP PRIMARY KEY, ADD PRIMARY KEY (day, id)',
    'DROP PRIMARY KEY, ADD PRIMARY KEY (id, day)',
    /^\+ unique index `PRIMARY` \(`day`, `id`\)/,
  ),
];

const TABLE_MUTATIONS: readonly Mutation[] = [
  alter(
    'a delete rule',
    'orders',
    'DROP FOREIGN KEY orders_company, ADD CONSTRAINT orders_company2 FOREIGN KEY (company_id) REFERENCES companies (id)',
    'DROP FOREIGN KEY orders_company2, ADD CONSTRAINT orders_company FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE',
    /^- foreign key `orders_company` .*on delete CASCADE/,
  ),
  alter(
    'a check',
    'orders',
    'DROP CONSTRAINT amount_positive',
    'ADD CONSTRAINT amount_positive CHECK (amount >= 0)',
    /^- check `amount_positive`/,
  ),
  alter(
    'a check not enforced',
    'orders',
    'ALTER CHECK amount_positive NOT ENFORCED',
    'ALTER CHECK amount_positive ENFORCED',
    /^\+ check `amount_positive` .*not enforced/,
    'mysql',
  ),
  alter(
    'a partition',
    'visits',
    'ADD PARTITION (PARTITION p2 VALUES LESS THAN (30))',
    'DROP PARTITION p2',
    /^\+ partition `p2` values 30/,
  ),
  alter(
    'no partitions',
    'visits',
    'REMOVE PARTITIONING',
    'PARTITION BY RANGE (day) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))',
    /^- partition by RANGE/,
  ),
  alter('an engine', 'places', 'ENGINE=MyISAM', 'ENGINE=InnoDB', /^\+ engine MyISAM/),
  alter('a row format', 'companies', 'ROW_FORMAT=COMPACT', 'ROW_FORMAT=DEFAULT', /^\+ row format Compact/),
  alter('a table comment', 'orders', "COMMENT 'some orders'", "COMMENT 'all orders'", /^\+ comment 'some orders'/),
  alter(
    'a table default collation',
    'visits',
    'COLLATE utf8mb4_bin',
    'COLLATE utf8mb4_unicode_ci',
    /^\+ collation utf8mb4_bin/,
  ),
  alter(
    'a create option',
    'companies',
    'STATS_PERSISTENT=0',
    'STATS_PERSISTENT=DEFAULT',
    /^\+ options stats_persistent=0/,
  ),
  alter(
    'system versioning',
    'companies',
    'ADD SYSTEM VERSIONING',
    'DROP SYSTEM VERSIONING',
    /^\+ written WITH SYSTEM VERSIONING/,
    'mariadb',
  ),
  {
    title: 'a new table',
    apply: ['CREATE TABLE more (id int)'],
    revert: ['DROP TABLE more'],
    objects: ['table:more'],
    shows: /^\+ column `id` int null/,
  },
  {
    title: 'a table renamed',
    apply: ['RENAME TABLE places TO spots'],
    revert: ['RENAME TABLE spots TO places'],
    objects: ['table:places', 'table:spots'],
    shows: /^\+ spatial index/,
  },
  {
    title: 'a sequence',
    apply: ['CREATE SEQUENCE counter INCREMENT BY 3'],
    revert: ['DROP SEQUENCE counter'],
    objects: ['sequence:counter'],
    shows: /^\+ .*increment by 3/,
    only: 'mariadb',
  },
];

const PROGRAM_MUTATIONS: readonly Mutation[] = [
  replaced('view:paid', 'the body of a view', PAID, PAID.replace("'paid'", "'new'"), /^\+ .*'new'/),
  replaced(
    'view:paid',
    'the algorithm of a view',
    PAID,
    PAID.replace('CREATE', 'CREATE ALGORITHM=MERGE'),
    /^\+ algorithm MERGE/,
  ),
  replaced(
    'view:paid',
    'the security of a view',
    PAID,
    PAID.replace('CREATE', 'CREATE SQL SECURITY INVOKER'),
    /^\+ sql security INVOKER/,
  ),
  replaced(
    'view:paid',
    'the check option of a view',
    PAID,
    `${PAID} WITH CASCADED CHECK OPTION`,
    /^\+ check option CASCADED/,
  ),
  replaced(
    'view:paid',
    'the definer of a view',
    PAID,
    PAID.replace('CREATE', "CREATE DEFINER='other'@'%'"),
    /^\+ definer other@%/,
  ),
  replaced(
    'trigger:second_in',
    'the body of a trigger',
    SECOND_TRIGGER,
    SECOND_TRIGGER.replace('TRIM', 'LOWER'),
    /^\+ {3}SET NEW.note = LOWER/,
  ),
  replaced(
    'trigger:second_in',
    'the moment of a trigger',
    SECOND_TRIGGER,
    SECOND_TRIGGER.replace('BEFORE INSERT', 'BEFORE UPDATE'),
    /^\+ fires BEFORE UPDATE on `orders`, number 1/,
  ),
  {
    title: 'the order of triggers',
    apply: ['DROP TRIGGER second_in', SECOND_TRIGGER.replace('ROW', 'ROW PRECEDES first_in')],
    revert: ['DROP TRIGGER second_in', SECOND_TRIGGER],
    objects: ['trigger:first_in', 'trigger:second_in'],
    shows: /^\+ fires BEFORE INSERT on `orders`, number 1/,
  },
  {
    title: 'the sql_mode of a trigger',
    apply: [
      "SET sql_mode = 'ANSI_QUOTES'",
      'DROP TRIGGER second_in',
      SECOND_TRIGGER,
      'SET sql_mode = @@global.sql_mode',
    ],
    revert: ['DROP TRIGGER second_in', SECOND_TRIGGER],
    objects: ['trigger:second_in'],
    shows: /^\+ sql_mode .*ANSI_QUOTES/,
  },
  replaced('function:twice', 'the body of a function', TWICE, TWICE.replace('* 2', '* 3'), /^\+ {3}RETURN n \* 3/),
  replaced(
    'function:twice',
    'the result of a function',
    TWICE,
    TWICE.replace('RETURNS int', 'RETURNS bigint'),
    /^\+ returns bigint/,
  ),
  replaced(
    'procedure:greet',
    'a parameter',
    GREET,
    GREET.replace('varchar(20)', 'varchar(21)'),
    /^\+ parameter IN `who` varchar\(21\)/,
  ),
  replaced(
    'procedure:greet',
    'the mode of a parameter',
    GREET,
    GREET.replace('OUT', 'INOUT'),
    /^\+ parameter INOUT `said`/,
  ),
  {
    title: 'a characteristic',
    apply: ['ALTER PROCEDURE greet SQL SECURITY INVOKER'],
    revert: ['ALTER PROCEDURE greet SQL SECURITY DEFINER'],
    objects: ['procedure:greet'],
    shows: /^\+ sql security INVOKER/,
  },
  {
    title: 'the comment of a routine',
    apply: ["ALTER PROCEDURE greet COMMENT 'rude'"],
    revert: ["ALTER PROCEDURE greet COMMENT 'polite'"],
    objects: ['procedure:greet'],
    shows: /^\+ comment 'rude'/,
  },
  replaced(
    'function:twice',
    'determinism',
    TWICE,
    TWICE.replace('DETERMINISTIC', 'NOT DETERMINISTIC NO SQL'),
    /^\+ not deterministic/,
  ),
  {
    title: 'the interval of an event',
    apply: ['ALTER EVENT nightly ON SCHEDULE EVERY 2 HOUR'],
    revert: ['ALTER EVENT nightly ON SCHEDULE EVERY 1 DAY'],
    objects: ['event:nightly'],
    shows: /^\+ every 2 HOUR/,
  },
  {
    title: 'the status of an event',
    apply: ['ALTER EVENT nightly ENABLE'],
    revert: ['ALTER EVENT nightly DISABLE'],
    objects: ['event:nightly'],
    shows: /^\+ status ENABLED/,
  },
  {
    title: 'what an event does',
    apply: ['ALTER EVENT nightly DO DELETE FROM orders WHERE id = 1'],
    revert: ['ALTER EVENT nightly DO DELETE FROM orders WHERE id = 0'],
    objects: ['event:nightly'],
    shows: /^\+ {3}DELETE FROM orders WHERE id = 1/,
  },
  replaced(
    'event:nightly',
    'the completion of an event',
    NIGHTLY,
    NIGHTLY.replace('DISABLE', 'ON COMPLETION PRESERVE DISABLE'),
    /^\+ on completion PRESERVE/,
  ),
];

export const MUTATIONS = [...COLUMN_MUTATIONS, ...INDEX_MUTATIONS, ...TABLE_MUTATIONS, ...PROGRAM_MUTATIONS];
