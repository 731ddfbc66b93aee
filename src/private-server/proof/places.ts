import { holdsSavedRows } from '../../backup/file/folder.ts';
import type { ProofOutcome, WithProofPlace } from '../../backup/proof/place.ts';
import { withScratchPlace } from '../../backup/proof/scratch-place.ts';
import type { Environment } from '../../mysql/clients.ts';
import type { Server } from '../../mysql/connect.ts';
import { withProofServer } from './server.ts';

export interface ProofPlacesParts {
  readonly env: Environment;
  /** Folder of the backups: it has room where the folder for temporary files has none. */
  readonly backupDir: string;
  /** Undefined: no server is there but a private one. */
  readonly production: Server | undefined;
}

/**
 * A private server where a program of the same series is at hand, so that production does no work; else a scratch
 * database on production's server. There, too, before a backup is called broken that a private server does not bring back:
 * it may lack what production has. Rows that a rollback saves are few and the site waits for them: there it is the scratch
 * database first.
 */
export function proofPlaces({ env, backupDir, production }: ProofPlacesParts): WithProofPlace {
  return async (backup, context, body) => {
    const onPrivate = () => withProofServer(backup, context, { env, folders: [backupDir], production }, body);
    const onScratch = production && (() => withScratchPlace(backup, production, context, env, body));
    const places = holdsSavedRows(backup.file) ? [onScratch, onPrivate] : [onPrivate, onScratch];
    const reasons: string[] = [];
    let broken: ProofOutcome | undefined;
    for (const place of places) {
      const outcome = await place?.();
      if (!outcome) continue;
      if ('unable' in outcome) reasons.push(outcome.unable);
      else if (outcome.differences.length === 0 || place === onScratch) return outcome;
      else broken = outcome;
    }
    return broken ?? { unable: reasons.join('; ') };
  };
}
