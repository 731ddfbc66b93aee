import { Secret } from '../system/secret.ts';
import type { Target } from './connect.ts';
import type { Flavor } from './flavor.ts';

/** Where a client finds the option file and the certificate that it is started with. */
const OPTION_FILE = '/dev/fd/3';
const CERTIFICATE_FILE = '/dev/fd/4';

/**
 * All of our environment that a client program gets: what it takes to start and to write text. Each family has variables
 * that win over an option file, or lead to another server (MYSQL_HOST, MYSQL_TCP_PORT, MYSQL_PWD, MYSQL_GROUP_SUFFIX,
 * MARIADB_HOST, LIBMYSQL_PLUGINS …), and later releases will have others.
 */
const INHERITED = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
  'TMPDIR',
  'LD_LIBRARY_PATH',
  // Where the machine keeps what TLS is checked with.
  'OPENSSL_CONF',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

/** The part of a command that tells a client program where the server is and who we are. */
export interface ClientIdentity {
  /** Has to stand in front of all other arguments. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly inherits: readonly string[];
  readonly secrets: readonly Secret[];
}

/**
 * Everything about the connection goes through an option file that only the client can read.
 * `--defaults-file` and not `--defaults-extra-file`: the latter is read before `~/.my.cnf`, so that a password there
 * would win over ours (MySQL Reference Manual, 6.2.2.2 "Using Option Files"). `settings`: the first statement, for the
 * shell and the dump program; MariaDB's dump program and MySQL's older ones know no such option.
 */
export function identify(target: Target, client: Flavor, settings?: string): ClientIdentity {
  const ca = target.tls === false || target.tls === true ? undefined : target.tls.ca;
  const lines = [
    '[client]',
    option('user', target.user),
    ...(target.password ? [option('password', target.password.reveal())] : []),
    ...(target.socket
      ? ['protocol=socket', option('socket', target.socket), 'host=localhost', `port=${target.port ?? 3306}`]
      : ['protocol=tcp', option('host', target.host ?? '127.0.0.1'), `port=${target.port ?? 3306}`]),
    ...tlsOptions(target.tls !== false, ca !== undefined, client),
    ...(settings === undefined ? [] : firstStatement(settings, client)),
  ];
  return {
    args: [`--defaults-file=${OPTION_FILE}`],
    // MySQL's clients read ~/.mylogin.cnf after every other file, unless they are told that it is elsewhere.
    env: client.kind === 'mysql' ? { MYSQL_TEST_LOGIN_FILE: '/dev/null/none' } : {},
    inherits: INHERITED,
    secrets: [new Secret(`${lines.join('\n')}\n`), ...(ca === undefined ? [] : [new Secret(ca)])],
  };
}

function firstStatement(settings: string, client: Flavor): string[] {
  const forShell = ['[mysql]', option('init-command', settings)];
  return client.kind === 'mysql' ? [...forShell, '[mysqldump]', option('loose-init-command', settings)] : forShell;
}

function tlsOptions(isRequired: boolean, hasCa: boolean, client: Flavor): string[] {
  const ca = hasCa ? [option('ssl-ca', CERTIFICATE_FILE)] : [];
  if (client.kind === 'mysql') {
    // Left alone when not asked for: the default, PREFERRED, is what lets caching_sha2_password work over TCP.
    return isRequired ? [`ssl-mode=${hasCa ? 'VERIFY_CA' : 'REQUIRED'}`, ...ca] : [];
  }
  // MariaDB's clients verify by default since 11.4, and then refuse a server with a certificate of its own making.
  return isRequired ? ['ssl', ...ca, ...(hasCa ? ['ssl-verify-server-cert'] : [])] : ['disable-ssl-verify-server-cert'];
}

/**
 * A value in double quotes, so that `#` and blanks are part of it. Backslash escapes are read inside quotes too
 * (MySQL Reference Manual, 6.2.2.2).
 */
function option(name: string, value: string): string {
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  return `${name}="${escaped}"`;
}
