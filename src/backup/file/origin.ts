import type { Manifest, ServerIdentity } from './manifest.ts';

/** Where a backup would be put. */
export interface Destination {
  readonly server: ServerIdentity;
  readonly database: string;
}

/**
 * PURE: whether two descriptions are of one server. MySQL's server_uuid decides. MariaDB's server_uid is made of network
 * address and port, which two machines may share, so that the host's name has to be the same, too. Where one of the
 * two does not tell an id, host and data folder decide.
 */
export function isSameServer(one: ServerIdentity, other: ServerIdentity): boolean {
  if (one.flavor !== other.flavor) return false;
  const isSameHost = one.host === other.host;
  if (one.uuid != null && other.uuid != null) {
    return one.uuid === other.uuid && (one.flavor === 'mysql' || isSameHost);
  }
  return isSameHost && (one.place === undefined || other.place === undefined || one.place === other.place);
}

/** PURE: what the backup is of, when that is not the destination; undefined when it is. A sentence's object, for people. */
export function otherOrigin(manifest: Pick<Manifest, 'server' | 'database'>, to: Destination): string | undefined {
  if (!isSameServer(manifest.server, to.server))
    return `${manifest.database} on another server (${describe(manifest.server)})`;
  return manifest.database === to.database ? undefined : `another database of this server, ${manifest.database}`;
}

/** PURE: of backups these are of the destination itself. All of them where the destination is not known. */
export function ofDestination<T extends { readonly manifest: Manifest | undefined }>(
  backups: readonly T[],
  to: Destination | undefined,
): T[] {
  return backups.filter(
    ({ manifest }) => to === undefined || (manifest !== undefined && otherOrigin(manifest, to) === undefined),
  );
}

/** PURE: `shop of MySQL 9.7.4 on db1`. */
export function describeOrigin({ database, server }: Pick<Manifest, 'server' | 'database'>): string {
  return `${database} of ${describe(server)}`;
}

function describe({ flavor, version, host, uuid }: ServerIdentity): string {
  const name = flavor === 'mysql' ? 'MySQL' : 'MariaDB';
  return `${name} ${version.replace(/-.*$/, '')} on ${host}${uuid == null ? '' : `, id ${uuid}`}`;
}
