import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../src/errors.ts';
import { findServerBinaries, type ServerBinaries } from '../../src/private-server/binaries.ts';
import { systemExec } from '../../src/system/exec.ts';
import { installPackages } from './apt.ts';
import { findInstalled, installedDir, type MissingServer } from './installed.ts';
import { unpackPrivately } from './private-prefix.ts';

/** MariaDB of the machine's own Debian release: the server program, and the clients. No service comes with them. */
export async function installMariaDb(): Promise<ServerBinaries | MissingServer> {
  const found = await findInstalled('mariadb');
  if (found !== undefined && existsSync(join(found.binDir, 'mariadb-dump'))) return found;
  const missing = await installPackages(['mariadb-server-core', 'mariadb-client-core', 'mariadb-client']);
  return (await findInstalled('mariadb')) ?? { missing: `MariaDB could not be installed: ${missing.reason}` };
}

/**
 * MariaDB of Debian 13, whose dump program and binary log are others than those of 10.11: unpacked beside the system, where
 * nobody who looks for MariaDB finds it.
 */
export async function installNewerMariaDb(): Promise<ServerBinaries | MissingServer> {
  const prefix = join(installedDir(), 'newer', 'mariadb-trixie');
  if (!existsSync(prefix)) console.log(`Installing MariaDB of Debian 13 in ${prefix} (30 MB to fetch)`);
  try {
    await unpackPrivately(
      {
        suite: 'trixie',
        names: ['mariadb-server-core', 'mariadb-client-core', 'mariadb-client'],
        pretended: ['perl', 'perl-base'],
      },
      prefix,
      join(installedDir(), 'debs-trixie'),
    );
  } catch (error) {
    return { missing: `MariaDB of Debian 13 could not be installed: ${messageOf(error)}` };
  }
  const found = await findServerBinaries(systemExec, { prefixes: [prefix] });
  const own = found.find(({ server }) => server.startsWith(realpathSync(prefix)));
  return own ?? { missing: `MariaDB of Debian 13 was unpacked in ${prefix}, but does not run` };
}

/**
 * MySQL, which no Debian release has: from the suite that new packages come to first, unpacked beside the system. It
 * moves on, so whatever version it has is taken.
 */
export async function installMySql(): Promise<ServerBinaries | MissingServer> {
  const found = await findInstalled('mysql');
  if (found !== undefined) return found;
  const prefix = join(installedDir(), 'mysql-sid');
  console.log(`Installing MySQL from Debian's packages in ${prefix} (50 MB to fetch)`);
  try {
    await unpackPrivately(
      { suite: 'sid', names: ['mysql-server-core', 'mysql-client-core'], pretended: ['perl', 'perl-base'] },
      prefix,
      join(installedDir(), 'debs-sid'),
    );
  } catch (error) {
    return {
      missing: `MySQL could not be installed: ${messageOf(error)} (or put its tarball in a folder and name that in GATEWAY_MIGRATE_SERVERS)`,
    };
  }
  return (await findInstalled('mysql')) ?? { missing: `MySQL was unpacked in ${prefix}, but does not run` };
}
