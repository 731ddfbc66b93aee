import { networkInterfaces } from 'node:os';
import type { Target } from './connect.ts';

/** Whether a password and the rows would go over a network as they are. A name that is not ours is another machine's. */
export function goesUnencrypted({ socket, host = '127.0.0.1', tls }: Target): boolean {
  if (socket !== undefined || tls !== false) return false;
  if (/^(?:localhost|127(?:\.\d+){3}|::1)$/i.test(host)) return false;
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return !own.some(({ address }) => address === host);
}
