import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locateMigrations } from '../config/load.ts';
import { ExitCode, Failure } from '../errors.ts';
import { nextVersion } from '../migrations/next-version.ts';
import { migrationText } from '../migrations/template.ts';
import { announce } from './shared/announcement.ts';
import type { Invocation } from './shared/invocation.ts';
import { DONE, withRun } from './shared/with-run.ts';

/** Writes the next migration file, its version in the style of the newest one there. */
export function newCommand(
  name: string,
  _options: Readonly<Record<never, never>>,
  invocation: Invocation,
): Promise<ExitCode> {
  return withRun('new', invocation, async () => {
    const { cwd, env, flags, clock } = invocation;
    const words = toSnakeCase(name);
    if (words === '') throw unnamed(name);
    const dir = await locateMigrations({ cwd, env, file: flags.config });
    const existing = existsSync(dir) ? readdirSync(dir) : [];
    const baseName = `${nextVersion(existing, clock.now())}_${words}`;
    await mkdir(dir, { recursive: true });
    const path = join(dir, `${baseName}.sql`);
    // Exclusive: of two people who type it in the same second, one is told.
    await writeFile(path, migrationText(baseName), { flag: 'wx' });
    announce(path, 'gateway-migrate deploy --dry-run', invocation);
    return DONE;
  });
}

/** `Create orders table`, `CreateOrdersTable` and `create-orders-table` are all `create_orders_table`. */
export function toSnakeCase(name: string): string {
  return name
    .replace(/\.sql$/i, '')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
}

function unnamed(name: string): Failure {
  return new Failure(`"${name}" has no letter or digit that could name a file`, {
    exitCode: ExitCode.usage,
    production: 'unchanged',
    state: 'nothing was written, production is unchanged',
    next: 'gateway-migrate new create_orders_table',
  });
}
