import { randomUUID } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OWNER_ONLY } from './files.ts';
import type { Secret } from './secret.ts';

/**
 * Opens files that have no name, one for each secret, for a child process to inherit. A name exists only while the
 * file is still empty: a process killed at any moment leaves no content on disk. Pipes would do the same, but Node
 * gives a child sockets, and Linux cannot open a socket through `/dev/fd`.
 */
export function openNameless(secrets: readonly Secret[]): number[] {
  const opened: number[] = [];
  try {
    for (const secret of secrets) {
      const path = join(tmpdir(), `gateway-migrate-${randomUUID()}`);
      const fd = openSync(path, 'wx+', OWNER_ONLY);
      opened.push(fd);
      unlinkSync(path);
      // At position 0, so that the offset stays there: on macOS `/dev/fd/3` shares it with the reader.
      writeSync(fd, secret.reveal(), 0);
    }
    return opened;
  } catch (error) {
    closeAll(opened);
    throw error;
  }
}

export function closeAll(fds: readonly number[]): void {
  for (const fd of fds) closeSync(fd);
}
