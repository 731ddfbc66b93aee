import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { serversDir } from './installed.ts';

/** Longer than any test run: a younger folder may be in use. */
const STALE_AFTER_MS = 3 * 60 * 60 * 1000;

/** A test run that was killed takes its servers along, but not their folders. */
export function removeStaleFolders(): void {
  mkdirSync(serversDir(), { recursive: true });
  for (const name of readdirSync(serversDir())) {
    const folder = join(serversDir(), name);
    if (name.startsWith('template-') || Date.now() - statSync(folder).mtimeMs < STALE_AFTER_MS) continue;
    rmSync(folder, { recursive: true, force: true });
  }
}
