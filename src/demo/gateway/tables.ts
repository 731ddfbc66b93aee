import { quoteName } from '../../mysql/quote.ts';
import { day, email, hop, json, moment, money, phone, pick, textFor, uuid } from './values.ts';

/** A table of the sample gateway, read from its line in gateway-domains.ts. */
export interface GatewayTable {
  readonly name: string;
  /** False for the few tables that belong to no tenant. */
  readonly isTenants: boolean;
  /** Of every company; in all for tables of no tenant. */
  readonly rowsEach: number;
  readonly columns: readonly GatewayColumn[];
}

interface GatewayColumn {
  readonly name: string;
  /** As in the notation; ignored for a reference. */
  readonly type: string;
  readonly parent: string | undefined;
  readonly isNullable: boolean;
  readonly index: 'none' | 'plain' | 'unique';
}

/** Parents whose key is a UUID. */
const UUID_KEYED = ['branches', 'staff'];

/** Reads the notation of gateway-domains.ts. */
export function parseTables(text: string): GatewayTable[] {
  return text
    .split('\n')
    .map((line) => /^(\*?)(\w+) (\d+): (.*)$/.exec(line.trim()))
    .filter((match) => match !== null)
    .map(([, mark, name = '', rows, columns = '']) => ({
      name,
      isTenants: mark !== '*',
      rowsEach: Number(rows),
      columns: columns.split(' ').map(parseColumn),
    }));
}

function parseColumn(text: string): GatewayColumn {
  const [, name = '', sign, word = '', nullable, marks] = /^(\w+)(?:([:>])([\w|]+))?(\?)?(!{0,2})$/.exec(text) ?? [];
  return {
    name,
    type: sign === ':' ? word : 's255',
    parent: sign === '>' ? word : undefined,
    isNullable: nullable !== undefined,
    index: marks === '!!' ? 'unique' : marks === '!' ? 'plain' : 'none',
  };
}

/** CREATE TABLE, as Laravel's schema builder would name things; `extras` are further lines of it. */
export function createTableSql(table: GatewayTable, extras: readonly string[]): string {
  const tenant = table.isTenants ? [{ name: 'company_id', parent: 'companies', isNullable: false }] : [];
  const lines = [
    '`id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY',
    ...(table.isTenants ? ['`company_id` BIGINT UNSIGNED NOT NULL'] : []),
    ...table.columns.map(
      (column) => `${quoteName(column.name)} ${columnType(column)} ${column.isNullable ? 'NULL' : 'NOT NULL'}`,
    ),
    '`created_at` TIMESTAMP NULL',
    '`updated_at` TIMESTAMP NULL',
    ...extras,
    ...table.columns.filter((column) => column.index !== 'none').map((column) => indexLine(table, column)),
    ...[...tenant, ...table.columns].flatMap((column) => foreignKeyLine(table, column)),
  ];
  return `CREATE TABLE ${quoteName(table.name)} (\n  ${lines.join(',\n  ')}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci`;
}

function indexLine(table: GatewayTable, column: GatewayColumn): string {
  const [kind, suffix] = column.index === 'unique' ? ['UNIQUE KEY', 'unique'] : ['KEY', 'index'];
  const columns = [...(table.isTenants ? ['company_id'] : []), column.name];
  return `${kind} ${quoteName(`${table.name}_${column.name}_${suffix}`)} (${columns.map(quoteName).join(', ')})`;
}

function foreignKeyLine(table: GatewayTable, column: Pick<GatewayColumn, 'name' | 'parent' | 'isNullable'>): string[] {
  if (column.parent === undefined) return [];
  const rule = column.isNullable ? 'SET NULL' : 'CASCADE';
  const name = quoteName(`${table.name}_${column.name}_foreign`);
  return [
    `CONSTRAINT ${name} FOREIGN KEY (${quoteName(column.name)}) REFERENCES ${quoteName(column.parent)} (\`id\`) ON DELETE ${rule}`,
  ];
}

const TYPES: Record<string, string> = {
  text: 'TEXT',
  int: 'INT',
  bool: 'TINYINT(1)',
  money: 'DECIMAL(10,2)',
  rate: 'DOUBLE',
  json: 'JSON',
  date: 'DATE',
  time: 'TIME',
  uuid: 'CHAR(36)',
  email: 'VARCHAR(191)',
  phone: 'VARCHAR(50)',
  url: 'VARCHAR(500)',
  ip: 'VARCHAR(45)',
  hash: 'BINARY(32)',
};

function columnType({ type, parent, isNullable }: GatewayColumn): string {
  if (parent !== undefined) return UUID_KEYED.includes(parent) ? 'CHAR(36)' : 'BIGINT UNSIGNED';
  if (type.includes('|'))
    return `ENUM(${type
      .split('|')
      .map((value) => `'${value}'`)
      .join(', ')})`;
  // A TIMESTAMP that may not be NULL gets a default of its own on older servers.
  if (type === 'at') return isNullable ? 'TIMESTAMP' : 'DATETIME';
  return TYPES[type] ?? `VARCHAR(${type.slice(1)})`;
}

/** How many rows a table gets. */
export function rowCount(table: GatewayTable, companies: number): number {
  return table.isTenants ? table.rowsEach * companies : table.rowsEach;
}

/**
 * INSERT … SELECT from the table `numbers`. Row n belongs to company 1 + (n - 1) mod `companies`, and refers to
 * rows of the same company only. `rowsOf` says how many rows each company has in a parent; undefined for a table of no tenant.
 */
export function insertRowsSql(
  table: GatewayTable,
  companies: number,
  parents: ReadonlyMap<string, GatewayTable>,
): string {
  const values = table.columns.map((column) => {
    const value =
      column.parent === undefined ? valueFor(table, column) : reference(column.parent, column.name, companies, parents);
    return column.isNullable ? `IF(${hop(4, column.name)} = 0, NULL, ${value})` : value;
  });
  const created = moment(`${table.name}.created`);
  const columns = [
    'id',
    ...(table.isTenants ? ['company_id'] : []),
    ...table.columns.map(({ name }) => name),
    'created_at',
    'updated_at',
  ];
  const select = ['n', ...(table.isTenants ? ['company_id'] : []), ...values, created, created];
  return `INSERT INTO ${quoteName(table.name)} (${columns.map(quoteName).join(', ')})
    SELECT ${select.join(', ')}
    FROM (SELECT n, 1 + MOD(n - 1, ${companies}) AS company_id FROM numbers WHERE n <= ${rowCount(table, companies)}) AS row_numbers`;
}

function reference(
  parent: string,
  salt: string,
  companies: number,
  parents: ReadonlyMap<string, GatewayTable>,
): string {
  const table = parents.get(parent) as GatewayTable;
  if (!table.isTenants) return `1 + ${hop(table.rowsEach, salt)}`;
  const number = `(company_id + ${companies} * MOD((n - 1) DIV ${companies} * 7 + ${salt.length}, ${table.rowsEach}))`;
  return UUID_KEYED.includes(parent) ? uuid(parent, number) : number;
}

function valueFor(table: GatewayTable, { name, type, index }: GatewayColumn): string {
  const salt = `${table.name}.${name}`;
  if (type.includes('|')) return pick(type.split('|'), salt);
  switch (type) {
    case 'int':
      return intFor(name, salt);
    case 'bool':
      return `${hop(3, salt)} > 0`;
    case 'money':
      return money(salt);
    case 'rate':
      return `${hop(1_000_000, salt)} / 1000003`;
    case 'json':
      return json(salt);
    case 'date':
      return day(salt);
    case 'time':
      return `MAKETIME(7 + ${hop(12, salt)}, 15 * ${hop(4, salt)}, 0)`;
    case 'at':
      return moment(salt);
    case 'uuid':
      return uuid(salt, 'n');
    case 'email':
      return email(name);
    case 'phone':
      return phone(salt);
    case 'url':
      return `CONCAT('https://', ${pick(['api', 'hooks', 'cdn'], salt)}, '.example.org/${name}/', n)`;
    case 'ip':
      return `CONCAT('10.', ${hop(256, salt)}, '.', ${hop(254, name)}, '.', MOD(n, 254))`;
    case 'hash':
      return `UNHEX(SHA2(CONCAT('${salt}', n), 256))`;
    case 'text':
      return `CONCAT_WS(' ', ${textFor(name)}, REPEAT(${textFor(salt)}, ${hop(4, salt)}))`;
    default:
      return `LEFT(${index === 'unique' ? `CONCAT('${name.slice(0, 8)}-', n)` : textFor(name)}, ${type.slice(1)})`;
  }
}

function intFor(name: string, salt: string): string {
  if (name === 'weekday') return hop(7, salt);
  if (name === 'stars') return `1 + ${hop(5, salt)}`;
  if (name === 'bytes') return hop(90_000_000, salt);
  return hop(600, salt);
}
