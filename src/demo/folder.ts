import { chmod, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { OWNER_ONLY } from '../system/files.ts';
import { DOWN_FILE, type Site } from './site.ts';

export interface DemoAccount {
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly port: number;
}

export interface DemoFolder {
  readonly dir: string;
  readonly backups: string;
  readonly logs: string;
  /** A script that is the tool itself, set up for this folder. */
  readonly tool: string;
}

interface DemoParts {
  readonly account: DemoAccount;
  readonly site: Site;
  /** Folder of the client programs. */
  readonly clientsDir: string;
  /** The package: its bin/ and migrations/ are used. */
  readonly packageDir: string;
}

/** Fills the demo's folder with all that a deploy takes: configuration, password, migrations, and the tool. */
export async function writeDemoFolder(dir: string, parts: DemoParts): Promise<DemoFolder> {
  const folder = { dir, backups: join(dir, 'backups'), logs: join(dir, 'logs'), tool: join(dir, 'gateway-migrate') };
  for (const path of [folder.backups, folder.logs]) await mkdir(path);
  await cp(join(parts.packageDir, 'migrations'), join(dir, 'migrations'), { recursive: true });
  await writeFile(join(dir, 'password'), parts.account.password, { mode: OWNER_ONLY });
  await writeFile(join(dir, 'gateway-migrate.config.yaml'), stringify(configuration(folder, parts)));
  await writeFile(folder.tool, toolScript(parts));
  await chmod(folder.tool, 0o755);
  return folder;
}

function configuration({ backups, logs }: DemoFolder, { account, site }: DemoParts): object {
  const { database, user, port } = account;
  return {
    database: { host: '127.0.0.1', port, name: database, user, passwordFile: 'password' },
    rehearsal: { database: `${database}_rehearsal` },
    migrations: { dir: 'migrations', laravelTable: 'migrations' },
    app: {
      dir: site.dir,
      maintenance: { enter: ['touch', DOWN_FILE], leave: ['rm', '-f', DOWN_FILE], check: ['test', '-f', DOWN_FILE] },
      caches: [['rm', '-rf', 'storage/framework/cache']],
      health: { url: site.url, expect: 200, maintenance: 503 },
    },
    // A private server more would take longer than all the rest of the story.
    backup: { dir: backups, minFree: '100MB', verify: 'checksum' },
    verify: {
      requireTables: ['companies', 'customers', 'appointments', 'branches', 'services', 'staff'],
      requireIndexes: [
        { table: 'callback_requests', columns: ['company_id', 'status', 'priority', 'expires_at'] },
        { table: 'notification_configurations', columns: ['configurable_type', 'configurable_id'] },
        {
          table: 'appointment_modification_stats',
          columns: ['company_id', 'customer_id', 'stat_type', 'period_start'],
          unique: true,
        },
      ],
      tenant: { table: 'companies', column: 'company_id', onDelete: 'CASCADE' },
      references: [{ from: 'appointments.staff_id', to: 'staff.id' }],
      plans: ["SELECT * FROM callback_requests WHERE company_id = 1 AND status = 'pending'"],
    },
    logs,
  };
}

function toolScript({ clientsDir, packageDir }: DemoParts): string {
  const main = join(packageDir, 'bin/gateway-migrate.js');
  return `#!/bin/sh\nGATEWAY_MIGRATE_CLIENTS='${clientsDir}' exec '${process.execPath}' '${main}' "$@"\n`;
}
