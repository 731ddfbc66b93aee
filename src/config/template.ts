/** What `init` has learned about a place to deploy to. */
export interface Answers {
  readonly database: string;
  readonly user: string;
  /** `host`, `host:port`, `[address]:port`, or the path of a socket. */
  readonly server: string;
  /** True when DB_PASSWORD is set where the tool will look for it. */
  readonly hasPasswordVariable: boolean;
  /** Folder of the application; empty: none. */
  readonly app: string;
  /** Address of a page that tells whether the site works; empty: none. */
  readonly health: string;
  readonly backups: string;
  /** Folder of the migrations, relative to the file. */
  readonly migrations: string;
}

/** The text of a new configuration file. `schema` is where editors find the JSON Schema. Never holds a password. */
export function configText(answers: Answers, schema: string): string {
  return `# yaml-language-server: $schema=${schema}
# Every key, its meaning and its default: docs/configuration.md of gateway-migrate.

database:
${serverLines(answers.server)}
  name: ${scalar(answers.database)}
  user: ${scalar(answers.user)}
${passwordLine(answers)}
rehearsal:
  database: ${scalar(`${answers.database}_rehearsal`)}  # made and dropped by every rehearsal

migrations:
  dir: ${scalar(answers.migrations)}
${answers.app === '' ? '' : appLines(answers)}
backup:
  dir: ${scalar(answers.backups)}
  keep: { last: 10, days: 30 }

verify:
  requireTables: []            # tables that must exist before a deploy begins
  # tenant: { table: companies, column: company_id, onDelete: CASCADE }
`;
}

function serverLines(server: string): string {
  if (server.startsWith('/')) return `  socket: ${scalar(server)}`;
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(server) ?? [];
  return `  host: ${scalar(bracketed ?? plain ?? server)}\n  port: ${port ?? 3306}`;
}

function passwordLine({ hasPasswordVariable }: Answers): string {
  return hasPasswordVariable
    ? '  password: ${DB_PASSWORD}     # from the environment or the .env of the application\n'
    : '  # password: set GATEWAY_MIGRATE_PASSWORD in the environment, or say passwordFile: FILE here\n';
}

function appLines({ app, health }: Answers): string {
  const page = health === '' ? '' : `  health: { url: ${scalar(health)} }\n`;
  return `\napp:\n  dir: ${scalar(app)}\n  maintenance: laravel\n  caches: laravel\n${page}`;
}

/** A YAML scalar that reads back as the same text; `\${` would be taken for a variable. */
function scalar(text: string): string {
  const isPlain = /^[A-Za-z/][\w/.-]*$/.test(text) && !/^(true|false|null|yes|no|on|off)$/i.test(text);
  return isPlain ? text : JSON.stringify(text.replaceAll('${', () => '$${'));
}
