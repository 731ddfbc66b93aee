/** What MySQL and MariaDB differ in, in one place. */
export interface Flavor {
  readonly kind: 'mysql' | 'mariadb';
  readonly version: readonly [major: number, minor: number, patch: number];
  /** For people: `MySQL 9.7.4`, `MariaDB 10.11.19`. */
  readonly label: string;
}

/** Reads `SELECT VERSION()`; MariaDB says its name in it (`10.11.19-MariaDB-0+deb12u1`). */
export function parseFlavor(versionText: string): Flavor {
  const isMariaDb = /mariadb/i.test(versionText);
  const match = /(?:^5\.5\.5-)?(\d+)\.(\d+)\.(\d+)/.exec(versionText);
  const version = [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0), Number(match?.[3] ?? 0)] as const;
  return {
    kind: isMariaDb ? 'mariadb' : 'mysql',
    version,
    label: `${isMariaDb ? 'MariaDB' : 'MySQL'} ${version.join('.')}`,
  };
}

export function isAtLeast(flavor: Flavor, major: number, minor = 0, patch = 0): boolean {
  const [a, b, c] = flavor.version;
  return a !== major ? a > major : b !== minor ? b > minor : c >= patch;
}
