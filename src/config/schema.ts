import * as z from 'zod/mini';
import { app } from './application.ts';
import {
  argv,
  column,
  described,
  flag,
  list,
  oneOf,
  optionalSection,
  secret,
  section,
  size,
  text,
  wholeNumber,
} from './values.ts';
import { monitor } from './watch.ts';

// The configuration file, key by key: what it may hold, what it means, and the default. Defaults that depend on
// other keys stand in resolve.ts.

const server = {
  host: described('Name or address of the server. Default: 127.0.0.1', z.optional(text())),
  port: described('TCP port. Default: 3306', z.optional(wholeNumber(1, 65_535))),
  socket: described('Path of a unix socket, instead of host and port', z.optional(text('the path of a unix socket'))),
  user: described("Who to log in as. Default: DB_USERNAME of the application's .env", z.optional(text())),
  password: described(
    "Best not written here: name a variable, or use passwordFile or GATEWAY_MIGRATE_PASSWORD. Default: DB_PASSWORD of the application's .env",
    z.optional(secret()),
  ),
  passwordFile: described(
    'A file that holds the password alone; a line end after it does not count',
    z.optional(text('the path of a file')),
  ),
  tls: described(
    'Encrypt the connection: true for a certificate that this machine trusts, or { ca: FILE }',
    z.optional(
      z.union(
        [flag(), z.strictObject({ ca: text('the path of a PEM file') }, 'a mapping')],
        'true, false or { ca: FILE }',
      ),
    ),
  ),
};

const database = section({
  ...server,
  name: described("Name of the database. Default: DB_DATABASE of the application's .env", z.optional(text())),
});

const rehearsal = z.optional(
  z.union(
    [
      z.literal('private'),
      z.strictObject(
        {
          ...server,
          database: described(
            'Name of the database that rehearsals create and drop. Default: the production name with _rehearsal added',
            z.optional(text()),
          ),
        },
        'a mapping',
      ),
    ],
    'a mapping with the key database, or the word private',
  ),
);

const migrations = section({
  dir: described(
    'Folder of the migration files. Default: migrations; with engine artisan database/migrations of the application',
    z.optional(text('the path of a folder')),
  ),
  engine: described(
    "What the files are: SQL, or Laravel's PHP migrations, which are translated to SQL on a clone (docs/laravel.md)",
    z._default(oneOf(['sql', 'artisan']), 'sql'),
  ),
  laravelTable: described(
    "Laravel's own table of migrations, kept true for php artisan migrate:status; null leaves it alone. Default: migrations when app.dir is set, else null",
    z.optional(z.nullable(text('the name of a table, or null'))),
  ),
  lockWaitSeconds: described(
    'How long a DDL statement waits for a metadata lock before it lets the queue behind it go',
    z._default(wholeNumber(1, 3_600), 3),
  ),
  lockRetries: described('How often a statement is tried again after that', z._default(wholeNumber(0, 1_000), 10)),
  allowNonTransactional: described(
    'Allow rows to be changed in tables without transactions, where exactly-once cannot be promised',
    z._default(flag(), false),
  ),
});

const backup = section({
  dir: described('Folder of the backups', z._default(text('the path of a folder'), '/var/backups/mysql')),
  compression: described('How backups are compressed', z._default(oneOf(['gzip', 'zstd']), 'gzip')),
  verify: described(
    'restore: load every backup and compare it with the original; checksum: look at the file only',
    z._default(oneOf(['restore', 'checksum']), 'restore'),
  ),
  keep: described(
    'What prune leaves: the last so many, and all that are younger than so many days',
    section({ last: z._default(wholeNumber(1, 100_000), 10), days: z._default(wholeNumber(0, 100_000), 30) }),
  ),
  minFree: described('Space that must remain on the disk beside the backup', z.prefault(size(), '500MB')),
});

const verify = section({
  requireTables: described('Tables that must exist before a deploy begins', list(text(), 'a list of tables')),
  requireIndexes: described(
    'Indexes that must exist after a deploy, whatever their names: each begins with these columns, a unique one is of these alone',
    list(
      z.strictObject(
        {
          table: text('the name of a table'),
          columns: z
            .array(text('the name of a column'), 'a list of columns')
            .check(z.minLength(1, 'a list of columns')),
          unique: z._default(flag(), false),
        },
        'a mapping with table and columns',
      ),
      'a list of { table, columns, unique }',
    ),
  ),
  tenant: described(
    'The column that every table of a tenant must carry',
    optionalSection({
      table: described('The table of tenants', text('the name of a table')),
      column: described('The column in all other tables', text('the name of a column')),
      onDelete: described(
        'The rule its foreign key must have',
        z._default(oneOf(['CASCADE', 'RESTRICT', 'SET NULL', 'NO ACTION']), 'CASCADE'),
      ),
      except: described(
        'Tables that are for all tenants; * stands for any text. Once it is there, every other table must hold the rules',
        z.optional(z.array(text('the name of a table'), 'a list of tables')),
      ),
    }),
  ),
  references: described(
    'Foreign keys that exist only in the application; orphans are looked for. A polymorphic pair has the column of its type, and to maps types to columns',
    list(
      z.strictObject(
        {
          from: column(),
          type: z.optional(text('the name of a column')),
          to: z.union(
            [column(), z.record(text(), column())],
            'a column as table.column, or a mapping of types to columns',
          ),
        },
        'a mapping with from and to',
      ),
      'a list of { from, to }',
    ),
  ),
  plans: described('Queries that must use an index', list(text('a query'), 'a list of queries')),
});

const OCCASIONS = ['started', 'succeeded', 'failed', 'rolledBack', 'restored', 'verdict'] as const;
const words = {
  on: described(
    'Of what it is told. Default: of everything',
    z.optional(z.array(oneOf(OCCASIONS), `a list of ${OCCASIONS.join(', ')}`)),
  ),
  project: described('What the team calls this change', z.optional(text())),
  contact: described('Whom to ask', z.optional(text())),
  next: described("The team's own next steps", z.optional(z.array(text(), 'a list of texts'))),
};
const notify = described(
  'Who is told how a run goes',
  list(
    z.discriminatedUnion(
      'type',
      [
        z.strictObject({ type: z.literal('slack'), url: secret('the address of a Slack webhook'), ...words }),
        z.strictObject({ type: z.literal('webhook'), url: secret('the address of a webhook'), ...words }),
        z.strictObject({
          type: z.literal('email'),
          smtp: secret('an address such as smtp://127.0.0.1:25'),
          from: text('an e-mail address'),
          to: z.array(text('an e-mail address'), 'a list of e-mail addresses'),
          ...words,
        }),
        z.strictObject({ type: z.literal('command'), run: argv(), ...words }),
      ],
      'a mapping whose type is slack, email, webhook or command',
    ),
    'a list of { type, … }',
  ),
);

export const configSchema = z.strictObject(
  {
    $schema: described('The JSON Schema of this file, for editors', z.optional(z.string())),
    database: described('The production database', database),
    rehearsal: described('Where migrations are rehearsed before they reach production', rehearsal),
    migrations: described('The migrations and how they are run', migrations),
    app: described('The application on top of the database', app),
    backup: described('Backups', backup),
    verify: described('What must be true of the database', verify),
    monitor: described('The watch after a deploy', monitor),
    notify,
    logs: described('Folder of the log files', z._default(text('the path of a folder'), '/var/log')),
    state: described(
      'Folder of runs, plans and journals',
      z._default(text('the path of a folder'), '.gateway-migrate'),
    ),
  },
  'a mapping',
);

/** The configuration as it is written, every key optional. */
export type ConfigInput = z.input<typeof configSchema>;
/** The configuration, checked: units converted, secrets wrapped. */
export type CheckedConfig = z.output<typeof configSchema>;
