import { verifyBackup } from '../../backup/file/verify.ts';
import type { WithProofPlace } from '../../backup/proof/place.ts';
import { proveBackup } from '../../backup/proof/proof.ts';
import type { Context } from '../../context.ts';
import { failedUnchanged } from '../../errors.ts';
import type { Phase } from '../phase.ts';

export interface ProveParts {
  readonly withProofPlace: WithProofPlace;
}

const MOST_SHOWN = 5;

/** Loads the backup somewhere else and compares; where that cannot be done, it is read through. Production is only read. */
export function provePhase({ withProofPlace }: ProveParts): Phase<'prove'> {
  return {
    async run({ file }, context) {
      const outcome = await proveBackup(file, 'prove', withProofPlace, context);
      if ('unable' in outcome) return readThrough(file, outcome.unable, context);
      if (outcome.differences.length > 0) throw disproven(file, outcome.differences);
      return `loaded into ${outcome.method} and dumped again: the same`;
    },

    async probe({ file }) {
      const verified = await verifyBackup(file).catch(() => undefined);
      return verified?.problems.length === 0 && verified.manifest.proof !== null ? 'done' : 'not-done';
    },
  };
}

async function readThrough(file: string, reason: string, context: Context): Promise<string> {
  const { problems } = await verifyBackup(file, { signal: context.signal });
  if (problems.length > 0) throw disproven(file, problems);
  const text = `the backup is whole, but could not be loaded to prove it: ${reason}`;
  context.report({ type: 'note', level: 'warning', text });
  return 'not loaded; its checksum holds';
}

function disproven(file: string, problems: readonly string[]) {
  const shown = problems.slice(0, MOST_SHOWN).join('; ');
  const more = problems.length > MOST_SHOWN ? `; and ${problems.length - MOST_SHOWN} more` : '';
  return failedUnchanged(
    `${file} does not bring back what was backed up: ${shown}${more}`,
    `gateway-migrate backup verify ${file}`,
  );
}
