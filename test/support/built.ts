import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the built `gateway-migrate.js`. */
    program: string;
  }
}

const PACKAGE = join(import.meta.dirname, '../..');

/** Builds the product into a folder of its own, laid out as the package is: nobody's dist/ changes under a test. */
export async function buildProduct(): Promise<{ readonly program: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-migrate-built-'));
  await promisify(execFile)(process.execPath, ['build.config.js', join(folder, 'dist')], { cwd: PACKAGE });
  for (const part of ['bin', 'migrations', 'package.json']) {
    await cp(join(PACKAGE, part), join(folder, part), { recursive: true });
  }
  return {
    program: join(folder, 'bin/gateway-migrate.js'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
