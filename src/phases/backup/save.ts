import { basename } from 'node:path';
import { dumpDatabase } from '../../backup/dump/dump.ts';
import { verifyBackup } from '../../backup/file/verify.ts';
import type { Config } from '../../config/config.ts';
import { type Environment, requireClients } from '../../mysql/clients.ts';
import type { Phase } from '../phase.ts';

interface SaveParts {
  readonly config: Pick<Config, 'backup'>;
  readonly env: Environment;
}

/** Dumps the rows that the way back is going to drop, in the form of a backup. Reads production only. */
export function savePhase({ config, env }: SaveParts): Phase<'save'> {
  return {
    async run({ file, tables }, context) {
      const clients = await requireClients(context.server.flavor, context.exec, env);
      const { compression } = config.backup;
      const manifest = await dumpDatabase({ file, compression, clients, stepId: 'save-rows', tables }, context);
      const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
      return `${rows} rows of ${tables.length === 1 ? '1 table' : `${tables.length} tables`} in ${basename(file)}`;
    },

    async probe({ file }) {
      const verified = await verifyBackup(file).catch(() => undefined);
      return verified?.problems.length === 0 ? 'done' : 'not-done';
    },
  };
}
