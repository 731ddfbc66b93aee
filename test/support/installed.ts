import { accessSync, constants, readdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findServerBinaries, type ServerBinaries } from '../../src/private-server/binaries.ts';
import { systemExec } from '../../src/system/exec.ts';

export type ServerKind = ServerBinaries['kind'];

/** MariaDB of the machine's release, and a newer one. */
export type ServerName = ServerKind | 'newerMariaDb';

export interface FoundServer {
  readonly binaries: ServerBinaries;
  /** An initialised data folder, to be copied. */
  readonly template: string;
}

export interface MissingServer {
  /** Why it is not there, and how to get it. */
  readonly missing: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    servers: Record<ServerName, FoundServer | MissingServer>;
  }
}

/** Where the test run keeps servers that it installs for itself; shared by all clones of the project. */
export function installedDir(): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return process.env.GATEWAY_MIGRATE_SERVERS ?? join(cache, 'gateway-migrate', 'servers');
}

/** Where data folders of test servers are: in memory if the machine offers that, which saves half of the time. */
export function serversDir(): string {
  const name = `gateway-migrate-test-${process.getuid?.() ?? 0}`;
  try {
    accessSync('/dev/shm', constants.W_OK);
    return join('/dev/shm', name);
  } catch {
    return join(tmpdir(), name);
  }
}

/** The best server of a kind that this machine has: our own first, then those of the machine. */
export async function findInstalled(kind: ServerKind): Promise<ServerBinaries | undefined> {
  const prefixes = foldersIn(installedDir()).map((name) => join(installedDir(), name));
  const found = await findServerBinaries(systemExec, { prefixes, path: process.env.PATH });
  return found.find((binaries) => binaries.kind === kind);
}

function foldersIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
