import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { connect, type Target } from '../../src/mysql/connect.ts';
import { type PrivateServer, startPrivateServer } from '../../src/private-server/server.ts';
import { systemExec } from '../../src/system/exec.ts';
import { type FoundServer, type ServerKind, type ServerName, serversDir } from './installed.ts';

/** A private server of a test file. `root` needs no password, over the socket and over TCP from 127.0.0.1. */
export interface TestServer {
  readonly kind: ServerKind;
  /** `9.7.4`. */
  readonly version: string;
  readonly socket: string;
  readonly port: number;
  readonly dir: string;
  /** Folder with mysqldump and mysql, or mariadb-dump and mariadb. */
  readonly binDir: string;
  target(database: string): Target;
  /** A fresh utf8mb4_unicode_ci database; returns its name. */
  createDatabase(prefix?: string): Promise<string>;
  /** Runs a script of several statements as root. */
  sql(text: string, database?: string): Promise<void>;
  /** Starts it again on the same data, after `kill`. */
  start(extraArgs?: string[]): Promise<void>;
  kill(signal?: NodeJS.Signals): Promise<void>;
  stop(): Promise<void>;
}

export interface TestServerOptions {
  readonly args?: string[];
  /** Default: as the server has it (MySQL on, MariaDB off). */
  readonly binlog?: boolean;
  readonly durable?: boolean;
  /** `lower_case_table_names=1`. */
  readonly foldsNames?: boolean;
  /** Where its folder is made. Default: in memory. */
  readonly parentDir?: string;
  /** On MariaDB of Debian 13 too: where what the server or its programs write is read. */
  readonly onNewer?: boolean;
}

const LABELS: Record<ServerName, string> = {
  mysql: 'MySQL',
  mariadb: 'MariaDB',
  newerMariaDb: 'MariaDB of Debian 13',
};

/** Performance schema is on, as in production, but its memory is small: that alone takes a third off MySQL's start. */
const SMALL_MEMORY: Record<ServerKind, readonly string[]> = {
  mysql: [
    '--performance-schema-digests-size=500',
    '--performance-schema-max-digest-length=256',
    '--performance-schema-max-sql-text-length=1024',
    '--performance-schema-error-size=100',
    '--performance-schema-events-waits-history-long-size=100',
    '--performance-schema-events-stages-history-long-size=100',
    '--performance-schema-events-statements-history-long-size=100',
    '--performance-schema-events-transactions-history-long-size=100',
  ],
  mariadb: [],
};

/** Runs `body` once on each server that this machine has; what is missing is told at the end, with the reason. */
export function describeOnServers(
  title: string,
  body: (server: () => TestServer) => void,
  options: TestServerOptions = {},
): void {
  for (const name of ['mysql', 'mariadb', ...(options.onNewer ? (['newerMariaDb'] as const) : [])] as const) {
    const found = inject('servers')[name];
    describe.runIf('binaries' in found)(`${title} (${LABELS[name]})`, () => {
      let server: TestServer;
      beforeAll(async () => {
        server = await startServer(name, options);
      });
      afterAll(() => server?.stop());
      body(() => server);
    });
  }
}

/** Starts one more server; whoever starts it stops it. */
export async function startServer(name: ServerName, options: TestServerOptions = {}): Promise<TestServer> {
  const found = inject('servers')[name];
  if (!('binaries' in found)) throw new Error(found.missing);
  return toTestServer(await startCopy(found, options));
}

async function startCopy({ binaries, template }: FoundServer, options: TestServerOptions): Promise<PrivateServer> {
  const parentDir = options.parentDir ?? serversDir();
  mkdirSync(parentDir, { recursive: true });
  const args = [...SMALL_MEMORY[binaries.kind], ...(options.args ?? [])];
  // MySQL lays down at its first start how names are compared: such a server has no template.
  const made = options.foldsNames ? {} : { template };
  return startPrivateServer(systemExec, { ...options, ...made, binaries, parentDir, args });
}

function toTestServer(server: PrivateServer): TestServer {
  let databases = 0;
  const runScript = async (text: string, database?: string) => {
    const root = await connect(server.target(database ?? 'mysql'));
    const session = await root.open({ multipleStatements: true, purpose: 'migration' });
    try {
      await session.execute(text);
    } finally {
      await session.close();
    }
  };
  return {
    kind: server.binaries.kind,
    version: server.binaries.version,
    socket: server.socket,
    get port() {
      return server.port;
    },
    dir: server.dir,
    binDir: server.binaries.binDir,
    target: (database) => server.target(database),
    async createDatabase(prefix = 'test') {
      const name = `${prefix}_${++databases}`;
      await runScript(`CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
      return name;
    },
    sql: runScript,
    start: (extraArgs) => server.start(extraArgs),
    kill: (signal) => server.kill(signal),
    stop: () => server.stop(),
  };
}
