import { Failure } from '../../errors.ts';
import { type Clients, type Environment, findClients } from '../../mysql/clients.ts';
import type { Server } from '../../mysql/connect.ts';
import { parseFlavor } from '../../mysql/flavor.ts';
import { suffixed } from '../../mysql/name.ts';
import { withScratch } from '../../schema/scratch.ts';
import type { LoadContext } from '../load/loading-client.ts';
import type { BackupToProve, ProofOutcome, ProofPlace } from './place.ts';

/**
 * A scratch database `<db>_proof` on the server itself, made anew each time: one that a killed run left is dropped with
 * it. Out of the binary log where the account may leave it out.
 */
export async function withScratchPlace(
  { manifest }: BackupToProve,
  server: Server,
  { exec }: LoadContext,
  env: Environment,
  body: (place: ProofPlace) => Promise<ProofOutcome>,
): Promise<ProofOutcome> {
  const clients = await findClients(server.flavor, exec, env);
  const unfit = whyUnfit(manifest.server, server.flavor.kind, server.flavor.version, clients);
  if (unfit !== undefined) return { unable: unfit };
  const name = suffixed(manifest.database, '_proof');
  const { charset, collation } = manifest;
  const isUnlogged = await canStayUnlogged(server);
  const place: ProofPlace = {
    title: `the database ${name} on the same server${isUnlogged ? ', out of its binary log' : ''}; events were left out`,
    server: {
      ...server,
      target: { ...server.target, database: name },
      open: (options) => server.open({ database: name, ...options }),
    },
    clients: clients as Clients,
    isUnlogged,
    isShared: true,
  };
  let hasBegun = false;
  try {
    return await withScratch(server, { name, charset, collation, isUnlogged, purpose: 'proof' }, () => {
      hasBegun = true;
      return body(place);
    });
  } catch (error) {
    if (!hasBegun && error instanceof Failure) return { unable: `${error.message}; ${error.next}` };
    throw error;
  }
}

/** The same text has to come out again, so it has to be the same series of the same server. */
function whyUnfit(
  from: { readonly flavor: string; readonly version: string },
  kind: string,
  version: readonly number[],
  clients: Awaited<ReturnType<typeof findClients>>,
): string | undefined {
  const theirs = parseFlavor(from.version);
  if (kind !== from.flavor || version[0] !== theirs.version[0] || version[1] !== theirs.version[1]) {
    return `the server is another one than that of the backup (${theirs.label})`;
  }
  return 'problem' in clients ? clients.problem : undefined;
}

async function canStayUnlogged(server: Server): Promise<boolean> {
  const session = await server.open({ database: null });
  try {
    await session.query('SET SESSION sql_log_bin = 0');
    return true;
  } catch {
    return false;
  } finally {
    await session.close();
  }
}
