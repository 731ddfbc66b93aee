import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender } from '../contest.ts';
import type { BenchMigration } from '../migrations.ts';
import type { BenchServer } from '../servers.ts';
import type { Peers } from './install.ts';

/** One tool with a folder of migrations and a database of its own, used as its documentation recommends. */
export interface Site {
  readonly name: string;
  readonly database: string;
  /** Applies everything that is pending. */
  readonly migrate: Contender;
  /** Says what is pending, where that is another command. */
  readonly status?: Contender | undefined;
}

interface Place {
  readonly root: string;
  readonly dir: string;
  readonly server: BenchServer;
  readonly peers: Peers;
  readonly migrations: readonly BenchMigration[];
}

/** The tool itself, as users run it. */
export function ourSite({ root, dir, server, migrations }: Place): Site {
  const folder = makeFolder(dir, 'ours/migrations');
  for (const { version, name, up, down } of migrations) {
    writeFileSync(join(folder, `${version}_${name}.sql`), `-- migrate:up\n${up};\n\n-- migrate:down\n${down};\n`);
  }
  const cwd = join(dir, 'ours');
  const database = { socket: server.socket, name: 'ours', user: 'root' };
  const config = { database, migrations: { dir: 'migrations' }, verify: { requireTables: [] }, logs: 'logs' };
  writeFileSync(join(cwd, 'gateway-migrate.config.json'), JSON.stringify(config));
  const command = (...args: string[]): Contender => ({
    name: `gateway-migrate ${args[0]}`,
    file: process.execPath,
    args: [join(root, 'bin/gateway-migrate.js'), ...args],
    cwd,
    env: { GATEWAY_MIGRATE_CLIENTS: server.binDir },
  });
  return {
    name: 'gateway-migrate',
    database: 'ours',
    migrate: command('deploy', '--yes', '--no-maintenance', '--skip-backup', '--skip-rehearsal'),
    status: command('status'),
  };
}

/** Every migration in one file, through the server's own client: the floor, without any record of what was done. */
export function clientSite({ dir, server, migrations }: Place): Site {
  const input = join(dir, 'all.sql');
  writeFileSync(input, migrations.map(({ up }) => `${up};\n`).join(''));
  const command = (name: string, args: string[]): Contender => ({ name, file: server.client, args });
  const connect = ['--no-defaults', '--user=root', `--socket=${server.socket}`, 'client'];
  const name = `${server.client.split('/').at(-1)} < all.sql`;
  return {
    name,
    database: 'client',
    migrate: { ...command(name, connect), input },
  };
}

export function dbmateSite({ dir, server, migrations }: Place, file: string): Site {
  const folder = makeFolder(dir, 'dbmate');
  for (const { version, name, up, down } of migrations) {
    writeFileSync(join(folder, `${version}_${name}.sql`), `-- migrate:up\n${up};\n\n-- migrate:down\n${down};\n`);
  }
  const url = `mysql://root@/dbmate?socket=${encodeURIComponent(server.socket)}`;
  // A dump of the schema after each run is for development.
  const args = ['--url', url, '--migrations-dir', folder, '--no-dump-schema'];
  const command = (name: string): Contender => ({ name: `dbmate ${name}`, file, args: [...args, name] });
  return {
    name: 'dbmate',
    database: 'dbmate',
    migrate: command('migrate'),
    status: command('status'),
  };
}

export function knexSite({ dir, server, peers, migrations }: Place): Site {
  const folder = makeFolder(dir, 'knex/migrations');
  for (const { version, name, up, down } of migrations) {
    const code = `exports.up = (knex) => knex.raw(${JSON.stringify(up)});\nexports.down = (knex) => knex.raw(${JSON.stringify(down)});\n`;
    writeFileSync(join(folder, `${version}_${name}.js`), code);
  }
  // knex's command line wants the package beside the knexfile.
  symlinkSync(join(peers.dir, 'node_modules'), join(dir, 'knex/node_modules'));
  const connection = { socketPath: server.socket, user: 'root', database: 'knex' };
  const config = { client: 'mysql2', connection, migrations: { directory: folder } };
  const file = join(dir, 'knex/knexfile.js');
  writeFileSync(file, `module.exports = ${JSON.stringify(config)};\n`);
  const command = (...args: string[]): Contender => ({
    name: `knex ${args[0]}`,
    file: process.execPath,
    args: [peers.knex, ...args],
    cwd: peers.dir,
  });
  return {
    name: 'knex',
    database: 'knex',
    migrate: command('migrate:latest', '--knexfile', file),
    status: command('migrate:status', '--knexfile', file),
  };
}

export function umzugSite({ dir, server, peers, migrations }: Place): Site {
  const folder = makeFolder(dir, 'umzug');
  for (const { version, name, up } of migrations) writeFileSync(join(folder, `${version}_${name}.sql`), up);
  const command = (...args: string[]): Contender => ({
    name: `umzug ${args[0]}`,
    file: process.execPath,
    args: [peers.umzug, ...args],
    cwd: peers.dir,
  });
  return {
    name: 'umzug',
    database: 'umzug',
    migrate: command('up', server.socket, 'umzug', folder),
    status: command('pending', server.socket, 'umzug', folder),
  };
}

/** Laravel 8 of Debian, migrations with the same SQL as text. */
export function artisanSite({ root, dir, server, migrations }: Place): Site {
  const app = makeFolder(dir, 'artisan');
  cpSync(join(root, 'test/fixtures/laravel'), app, { recursive: true });
  for (const folder of ['bootstrap/cache', 'storage/logs', 'storage/framework/cache/data', 'storage/framework/views']) {
    makeFolder(app, folder);
  }
  const folder = makeFolder(app, 'database/migrations');
  for (const { name, up, down } of migrations) {
    const code = `<?php
return new class extends Illuminate\\Database\\Migrations\\Migration {
    public function up() { Illuminate\\Support\\Facades\\DB::unprepared(${phpText(up)}); }
    public function down() { Illuminate\\Support\\Facades\\DB::unprepared(${phpText(down)}); }
};
`;
    writeFileSync(join(folder, `2025_01_01_00${name.slice(-4)}_${name}.php`), code);
  }
  const key = `base64:${Buffer.alloc(32, 'bench').toString('base64')}`;
  const env = { DB_SOCKET: server.socket, DB_DATABASE: 'artisan', DB_USERNAME: 'root', APP_KEY: key };
  writeFileSync(
    join(app, '.env'),
    Object.entries(env)
      .map(([name, value]) => `${name}="${value}"\n`)
      .join(''),
  );
  const command = (...args: string[]): Contender => ({
    name: `artisan ${args[0]}`,
    file: 'php',
    args: ['artisan', ...args],
    cwd: app,
  });
  return {
    name: 'artisan',
    database: 'artisan',
    migrate: command('migrate', '--force'),
    status: command('migrate:status'),
  };
}

/** Everybody, ours first. */
export function createSites(place: Place): Site[] {
  const { dbmate, hasLaravel } = place.peers;
  return [
    ...[ourSite, clientSite].map((create) => create(place)),
    ...(dbmate === undefined ? [] : [dbmateSite(place, dbmate)]),
    ...[knexSite, umzugSite].map((create) => create(place)),
    ...(hasLaravel ? [artisanSite(place)] : []),
  ];
}

function phpText(sql: string): string {
  return `'${sql.replace(/[\\']/g, '\\$&')}'`;
}

function makeFolder(dir: string, name: string): string {
  const folder = join(dir, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}
