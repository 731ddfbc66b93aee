import type { Manifest } from '../../backup/file/manifest.ts';
import { verifyBackup } from '../../backup/file/verify.ts';
import type { Context } from '../../context.ts';
import { messageOf, refusal } from '../../errors.ts';

/** Everything about the file is checked before anything is touched. Throws a refusal. */
export async function requireWhole(file: string, context: Context): Promise<Manifest> {
  const { manifest, problems } = await verifyBackup(file, { signal: context.signal }).catch((error: unknown) => {
    context.signal.throwIfAborted();
    throw refusal(`${file} cannot be restored: ${messageOf(error)}`, 'gateway-migrate backup list');
  });
  if (problems.length > 0) {
    throw refusal(`${file} is damaged: ${problems.join('; ')}`, 'gateway-migrate backup list');
  }
  if (manifest.server.flavor !== context.server.flavor.kind) {
    throw refusal(
      `${file} comes from ${manifest.client}, the server is ${context.server.flavor.label}`,
      'gateway-migrate backup list',
    );
  }
  return manifest;
}
