import type { Clients } from '../../mysql/clients.ts';
import type { Server } from '../../mysql/connect.ts';
import type { Manifest } from '../file/manifest.ts';
import type { LoadContext } from '../load/loading-client.ts';

/** Somewhere to load a backup and to throw it away: its target names an empty database. */
export interface ProofPlace {
  /** For people: `a private MySQL 9.7.4`. */
  readonly title: string;
  readonly server: Server;
  readonly clients: Clients;
  /** Its statements can be kept out of the binary log, and have to be. */
  readonly isUnlogged: boolean;
  /** It is on production's server, where events must not come to life. */
  readonly isShared: boolean;
}

/** Why a backup cannot be proven here; it says nothing about the backup. */
export interface Unable {
  readonly unable: string;
}

export interface BackupToProve {
  readonly file: string;
  readonly manifest: Manifest;
}

/** How an attempt ended. No difference: the backup is proven. */
export type ProofOutcome = { readonly differences: readonly string[]; readonly method: string } | Unable;

/** Finds a place for the time of `body`, or says why there is none. */
export type WithProofPlace = (
  backup: BackupToProve,
  context: LoadContext,
  body: (place: ProofPlace) => Promise<ProofOutcome>,
) => Promise<ProofOutcome>;
