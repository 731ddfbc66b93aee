import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Server } from '../../src/mysql/connect.ts';
import { type PrivateServer, startPrivateServer } from '../../src/private-server/server.ts';
import { systemExec } from '../../src/system/exec.ts';
import { installMariaDb, installMySql } from '../support/install-servers.ts';

/** A private server as durable as production: every commit reaches the disk before it is acknowledged. */
export interface BenchServer {
  readonly label: string;
  readonly socket: string;
  /** The client program of the same build. */
  readonly client: string;
  readonly binDir: string;
  /** Makes an empty database, in place of the one of that name. */
  recreate(database: string): Promise<void>;
  readonly root: PrivateServer;
}

/**
 * Starts every server that can be had, and ends them. Their files are below GATEWAY_MIGRATE_BENCH_DIR, by default the
 * folder for temporary files: on a disk, unless the machine keeps that in memory. The second argument says where.
 */
export async function withServers(
  body: (servers: readonly BenchServer[], storage: string) => Promise<void>,
): Promise<void> {
  const parentDir = mkdtempSync(join(process.env.GATEWAY_MIGRATE_BENCH_DIR ?? tmpdir(), 'gateway-bench-'));
  const servers: BenchServer[] = [];
  try {
    for (const install of chosen()) {
      const binaries = await install();
      if ('missing' in binaries) {
        console.log(`Skipped: ${binaries.missing}`);
        continue;
      }
      const args = ['--innodb-buffer-pool-size=256M'];
      const server = await startPrivateServer(systemExec, { binaries, parentDir, durable: true, args });
      servers.push(await toBenchServer(server));
    }
    await body(servers, fileSystemOf(parentDir));
  } finally {
    for (const { root } of servers) await root.stop();
    rmSync(parentDir, { recursive: true, force: true });
  }
}

/** BENCH_SERVER: `mysql` or `mariadb`, by default both. Throws when it is neither. */
function chosen() {
  const wanted = process.env.BENCH_SERVER || undefined;
  const all = { mysql: installMySql, mariadb: installMariaDb };
  if (wanted !== undefined && !(wanted in all))
    throw new Error(`BENCH_SERVER is ${wanted}: not mysql, and not mariadb`);
  return Object.entries(all).flatMap(([kind, install]) => (wanted === undefined || wanted === kind ? [install] : []));
}

async function toBenchServer(root: PrivateServer): Promise<BenchServer> {
  const { kind, label, binDir } = root.binaries;
  const server: Server = await connect(root.target('mysql'));
  return {
    label,
    socket: root.socket,
    client: join(binDir, kind === 'mysql' ? 'mysql' : 'mariadb'),
    binDir,
    root,
    async recreate(database) {
      const session = await server.open();
      await session.query(`DROP DATABASE IF EXISTS ${database}`);
      await session.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
      await session.close();
    },
  };
}

/** `ext2/ext3`, `xfs`, `overlayfs`, `tmpfs` …, as coreutils' stat names it. */
function fileSystemOf(dir: string): string {
  return execFileSync('stat', ['-f', '-c', '%T', dir], { encoding: 'utf8' }).trim();
}
